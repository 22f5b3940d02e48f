package house

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"path"
	"slices"
	"strconv"
	"strings"
)

// module is the path of the module. The import paths of its packages begin with this path.
const module = "alpaca"

// pkg is the package of a folder, with the files for all systems and CPUs.
type pkg struct {
	path  string // path below the module, such as "internal/quant"
	files []*file
	asm   bool // it has assembly
}

// file is a Go file of a package.
type file struct {
	name    string // with its folder
	test    bool   // its name ends in _test.go
	syntax  *ast.File
	imports []string
}

// readTree parses every package of the module in fsys. It does not need the go command.
func readTree(fsys fs.FS) (list []*pkg, err error) {
	byPath := map[string]*pkg{}
	err = fs.WalkDir(fsys, ".", func(name string, d fs.DirEntry, err error) error {
		base := path.Base(name)
		switch {
		case err != nil:
			return err
		case d.IsDir() && name != "." && isModule(fsys, name):
			return fs.SkipDir // another module has rules of its own
		case d.IsDir() && name != "." && (base == "testdata" || strings.HasPrefix(base, ".") || strings.HasPrefix(base, "_")):
			return fs.SkipDir
		case d.IsDir() || !strings.HasSuffix(base, ".go") && !strings.HasSuffix(base, ".s"):
			return nil
		}
		dir := path.Dir(name)
		p := byPath[dir]
		if p == nil {
			p = &pkg{path: dir}
			byPath[dir] = p
			list = append(list, p)
		}
		if strings.HasSuffix(base, ".s") {
			p.asm = true
			return nil
		}
		f, err := readFile(fsys, name)
		p.files = append(p.files, f)
		return err
	})
	return slices.DeleteFunc(list, func(p *pkg) bool { return len(p.files) == 0 }), err
}

// isModule reports whether a folder is the top of a module.
func isModule(fsys fs.FS, dir string) bool {
	_, err := fs.Stat(fsys, path.Join(dir, "go.mod"))
	return err == nil
}

func readFile(fsys fs.FS, name string) (*file, error) {
	text, err := fs.ReadFile(fsys, name)
	if err != nil {
		return nil, err
	}
	syntax, err := parser.ParseFile(token.NewFileSet(), name, text, parser.ParseComments|parser.SkipObjectResolution)
	if err != nil {
		return nil, err
	}
	f := &file{name: name, test: strings.HasSuffix(name, "_test.go"), syntax: syntax}
	for _, spec := range syntax.Imports {
		p, err := strconv.Unquote(spec.Path.Value)
		if err != nil {
			return nil, err
		}
		f.imports = append(f.imports, p)
	}
	return f, nil
}

// imports returns the import paths of the package's files. It includes the imports of test files
// only if tests is true.
func (p *pkg) imports(tests bool) (list []string) {
	for _, f := range p.files {
		if tests || !f.test {
			list = append(list, f.imports...)
		}
	}
	slices.Sort(list)
	return slices.Compact(list)
}

// ours returns the packages of this module that the package imports, as paths below the module.
func (p *pkg) ours() (list []string) {
	for _, path := range p.imports(false) {
		if ours, ok := strings.CutPrefix(path, module+"/"); ok {
			list = append(list, ours)
		}
	}
	return list
}

// onlyTests reports whether all files of the package are tests.
func (p *pkg) onlyTests() bool {
	return !slices.ContainsFunc(p.files, func(f *file) bool { return !f.test })
}

// uses returns the elements of names that the file uses from the package with the given name.
func (f *file) uses(name string, names ...string) (used []string) {
	ast.Inspect(f.syntax, func(n ast.Node) bool {
		if s, ok := n.(*ast.SelectorExpr); ok {
			if x, ok := s.X.(*ast.Ident); ok && x.Name == name && slices.Contains(names, s.Sel.Name) {
				used = append(used, s.Sel.Name)
			}
		}
		return true
	})
	slices.Sort(used)
	return slices.Compact(used)
}

// inside reports whether path is folder or lies below it.
func inside(path, folder string) bool {
	return path == folder || strings.HasPrefix(path, folder+"/")
}
