package house

import (
	"go/ast"
	"io/fs"
	"os"
	"path"
	"regexp"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/stretchr/testify/require"
)

// fileName matches names of source files and pages in a text. A star in a name stands for any
// part of it.
var fileName = regexp.MustCompile(`(?:[\w*.-]+/)*[\w*-]+\.(?:go|s|h|md)\b(?:\[i])?`)

// elsewhere has names in pages and comments that look like names of files, but are not files of
// this tree.
var elsewhere = []string{
	"go_asm.h",        // Go makes it during compilation
	"include/llama.h", // llama.cpp's
	"samples.md",      // training writes it
	"report.md",       // bench --report writes it
	"_test.go",        // the end of file names

	"github.com/nats-io/nats.go", // a module
	"nats.go",                    // its short name
}

// noFile reports whether name stands for something other than a file of this tree: a name that the
// reader chooses, a file of another program, an element of a vector register, or an entry of the
// list called elsewhere.
func noFile(name string) bool {
	return strings.Contains(name, "NAME.") || strings.Contains(name, "shared/") || strings.HasSuffix(name, "[i]") ||
		slices.Contains(elsewhere, name)
}

// TestFileNames checks that the files named in pages and comments exist.
func TestFileNames(t *testing.T) {
	missing, err := missingNames(os.DirFS("../.."))
	require.NoError(t, err)
	for _, m := range missing {
		t.Errorf("%s names %s, which is not in the tree", m.where, m.name)
	}
}

// mention is the name of a file that was found in a text. where is the file with the text.
type mention struct{ where, name string }

// missingNames returns the mentions of files that do not exist. A name may begin at any folder
// above the file, as in dot.go, matmul/dot.go and internal/quant/matmul/dot.go.
func missingNames(fsys fs.FS) (list []mention, err error) {
	var mentions []mention
	var all strings.Builder // the path of every file, one in each line, with a slash before it
	err = fs.WalkDir(fsys, ".", func(name string, d fs.DirEntry, err error) error {
		switch base := path.Base(name); {
		case err != nil:
			return err
		case d.IsDir() && name != "." && strings.HasPrefix(base, "."):
			return fs.SkipDir
		case d.IsDir():
			return nil
		}
		all.WriteString("/" + name + "\n")
		text, err := commentsOf(fsys, name)
		for _, found := range fileName.FindAllString(text, -1) {
			mentions = append(mentions, mention{name, found})
		}
		return err
	})
	exists := map[string]bool{}
	for _, m := range mentions {
		name := strings.TrimPrefix(path.Clean(m.name), "../")
		if _, known := exists[name]; !known {
			pattern := strings.ReplaceAll(regexp.QuoteMeta(name), `\*`, `[^/\n]*`)
			exists[name] = noFile(name) || regexp.MustCompile(`/`+pattern+`\n`).MatchString(all.String())
		}
		if !exists[name] {
			list = append(list, m)
		}
	}
	return list, err
}

// commentsOf returns the text of a page, or the comments of a source file.
func commentsOf(fsys fs.FS, name string) (string, error) {
	switch path.Ext(name) {
	case ".md":
		text, err := fs.ReadFile(fsys, name)
		return string(text), err
	case ".go":
		if strings.Contains(name, "testdata/") {
			return "", nil
		}
		f, err := readFile(fsys, name)
		if err != nil {
			return "", err
		}
		var text strings.Builder
		for _, group := range f.syntax.Comments {
			text.WriteString(group.Text() + "\n")
		}
		return text.String(), nil
	case ".s", ".h":
		source, err := fs.ReadFile(fsys, name)
		var text strings.Builder
		for line := range strings.Lines(string(source)) {
			_, comment, _ := strings.Cut(line, "//")
			text.WriteString(comment + "\n")
		}
		return text.String(), err
	}
	return "", nil
}

// TestFuzzTargets checks that SECURITY.md lists all fuzz targets in two places: in the text that
// says what they read, and in the table that says how long they ran.
func TestFuzzTargets(t *testing.T) {
	page, err := os.ReadFile("../../SECURITY.md")
	require.NoError(t, err)
	kinds, times, found := strings.Cut(string(page), "<!-- table: made by test/fuzz/run -->")
	require.True(t, found)
	var ran []string
	for _, m := range regexp.MustCompile("(?m)^\\| `(\\S+)` \\| `(Fuzz\\w+)` \\|").FindAllStringSubmatch(times, -1) {
		ran = append(ran, m[1]+"."+m[2])
	}
	listed := regexp.MustCompile(`Fuzz[A-Z]\w+`).FindAllString(kinds, -1)
	tree, err := readTree(os.DirFS("../.."))
	require.NoError(t, err)
	var names, targets []string
	for _, p := range tree {
		for _, f := range p.files {
			for _, d := range f.syntax.Decls {
				if fn, ok := d.(*ast.FuncDecl); ok && f.test && strings.HasPrefix(fn.Name.Name, "Fuzz") {
					names = append(names, fn.Name.Name)
					targets = append(targets, p.path+"."+fn.Name.Name)
				}
			}
		}
	}
	slices.Sort(listed)
	slices.Sort(names)
	require.Equal(t, slices.Compact(names), slices.Compact(listed))
	require.ElementsMatch(t, targets, ran, "the table is out of date: run \"RECORD=1 test/fuzz/run 0s\" to write it again")
}

func TestMissingNames(t *testing.T) {
	tree := fstest.MapFS{
		"docs/a.md":                {Data: []byte("See [b](b.md), quant/dot.go, `form_*.go` and gone.go. A number like 3.14 is no name.")},
		"docs/b.md":                {Data: []byte("../internal/quant/dot.go, lost/dot.go")},
		"internal/quant/dot.go":    {Data: []byte("// Package quant is in b.md and in c.md.\npackage quant\n\nconst x = \"d.md\"\n")},
		"internal/quant/form_x.go": {Data: []byte("package quant\n")},
		"internal/quant/x.s":       {Data: []byte("#include \"textflag.h\" // see dot.go and not.go\n")},
	}
	missing, err := missingNames(tree)
	require.NoError(t, err)
	require.ElementsMatch(t, []mention{
		{"docs/a.md", "gone.go"}, {"docs/b.md", "lost/dot.go"}, {"internal/quant/dot.go", "c.md"}, {"internal/quant/x.s", "not.go"},
	}, missing)
}
