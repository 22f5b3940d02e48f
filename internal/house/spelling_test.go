package house

import (
	"go/ast"
	"os"
	"regexp"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/stretchr/testify/require"
)

// begins matches the first two words of a sentence that may be about a parameter.
var begins = regexp.MustCompile(`(?:^|[.:;] )([A-Z][a-z]\w+) (?:is|are|says?|has|have|must|may|gets|bounds|returns)\b`)

// TestSpelling checks that comments write parameters and results in their own spelling, even at
// the beginning of a sentence, so that a search for the name finds them.
func TestSpelling(t *testing.T) {
	tree, err := readTree(os.DirFS("../.."))
	require.NoError(t, err)
	for _, p := range tree {
		for _, where := range misspelled(p) {
			t.Error(where)
		}
	}
}

// misspelled returns a message for each parameter that a comment of the package writes with a
// capital letter.
func misspelled(p *pkg) (list []string) {
	for _, f := range p.files {
		if f.test {
			continue
		}
		for _, d := range f.syntax.Decls {
			fn, ok := d.(*ast.FuncDecl)
			if !ok || fn.Doc == nil {
				continue
			}
			names := map[string]bool{}
			for _, fields := range []*ast.FieldList{fn.Type.Params, fn.Type.Results} {
				if fields == nil {
					continue
				}
				for _, field := range fields.List {
					for _, name := range field.Names {
						names[name.Name] = true
					}
				}
			}
			text := strings.Join(strings.Fields(fn.Doc.Text()), " ")
			for _, m := range begins.FindAllStringSubmatch(text, -1) {
				name := strings.ToLower(m[1][:1]) + m[1][1:]
				if names[name] && m[1] != fn.Name.Name {
					list = append(list, f.name+": the comment of "+fn.Name.Name+" says "+m[1]+" of its parameter "+name)
				}
			}
		}
	}
	return list
}

func TestMisspelled(t *testing.T) {
	tree, err := readTree(fstest.MapFS{"a/a.go": {Data: []byte("package a\n\n// f does it. Given is false where\n// nothing is there. Limit bounds it. Text is short.\nfunc f(limit int, text string) (given bool)\n\n// Size is known.\nfunc Size(size int)\n")}})
	require.NoError(t, err)
	require.Len(t, misspelled(tree[0]), 3)
}
