package house

import (
	"fmt"
	"go/ast"
	"slices"
	"strings"
)

// rules are all rules. Each checks one package at a time.
var rules = []struct {
	name  string
	check func(p *pkg) []breach
}{
	{"imports point down", importsDown},
	{"main imports only the command line", mainAlone},
	{"the ground floor", ground},
	{"assembly", assembly},
	{"models and sessions", sessions},
	{"sockets", sockets},
	{"files are written through atomicfile", lasting},
	{"commands", commands},
	{"libraries", libraries},
	{"comments", comments},
	{"examples", examples},
	{"parameters", parameters},
}

// importsDown checks that a package imports only packages that are below it in the list called
// order.
func importsDown(p *pkg) (list []breach) {
	if slices.Contains(forTests, p.path) {
		return nil
	}
	place := placeOf(p.path)
	if place < 0 {
		return []breach{breachf(p.path+" has no place",
			"a new package needs a line in the list called order, in internal/house/house_test.go, below all packages that import it and above all that it imports")}
	}
	for _, to := range p.ours() {
		below := placeOf(to)
		switch {
		case slices.Contains(forTests, to):
			list = append(list, breachf(p.path+" imports "+to, "%s is only for tests", to))
		case below >= 0 && below < place:
			list = append(list, breachf(p.path+" imports "+to,
				"imports must point down, but %s is above in the list called order (internal/house/house_test.go): move what is needed to a package below both", to))
		}
	}
	return list
}

// placeOf returns the index of a package in the list called order, or -1.
func placeOf(path string) int {
	if _, ok := shared[path]; !ok && strings.HasPrefix(path, "internal/cli/") {
		path = aCommand
	}
	return slices.Index(order, path)
}

// mainAlone checks that packages below cmd import only internal/cli and Go's library.
func mainAlone(p *pkg) (list []breach) {
	if !inside(p.path, "cmd") {
		return nil
	}
	for _, to := range p.imports(false) {
		if to != module+"/internal/cli" && !standard(to) {
			list = append(list, breachf(p.path+" imports "+to, "cmd has only the main package, which imports only internal/cli"))
		}
	}
	return list
}

// standard reports whether a path is in Go's standard library.
func standard(path string) bool {
	first, _, _ := strings.Cut(path, "/")
	return first != module && !strings.Contains(first, ".")
}

// ground checks that the packages of groundFloor, and internal/quant, import only packages of
// groundFloor.
func ground(p *pkg) (list []breach) {
	if p.path != "internal/quant" && !slices.Contains(groundFloor, p.path) {
		return nil
	}
	for _, to := range p.ours() {
		if !slices.Contains(groundFloor, to) {
			list = append(list, breachf(p.path+" imports "+to, "it may import only packages of the ground floor"))
		}
	}
	return list
}

// assembly checks that assembly is only in ggml, for operations, and in quant, for matrix
// products, encoding and decoding.
func assembly(p *pkg) []breach {
	if !p.asm || inside(p.path, "internal/ggml") || inside(p.path, "internal/quant") {
		return nil
	}
	return []breach{breachf(p.path+" has assembly", "it belongs below internal/ggml or internal/quant")}
}

// sessions checks that the packages about texts and tokens, and package eval, do not import package
// model, and that package bench does not use model.Session.
func sessions(p *pkg) (list []breach) {
	without := []string{"internal/sampler", "internal/grammar", "internal/tokenizer", "internal/chat", "internal/eval"}
	if slices.Contains(without, p.path) && slices.Contains(p.ours(), "internal/model") {
		list = append(list, breachf(p.path+" imports internal/model", "it must use sessions through an interface of its own"))
	}
	if p.path != "internal/bench" {
		return list
	}
	for _, f := range p.files {
		for _, name := range f.uses("model", "Session") {
			if !f.test {
				list = append(list, breachf(p.path+" uses model."+name, "it must use sessions through an interface of its own"))
			}
		}
	}
	return list
}

// sockets checks that only servers and downloads open sockets. NATS's library opens the
// connections of queues; the rule "libraries" checks which packages import it.
func sockets(p *pkg) (list []breach) {
	if inside(p.path, "internal/server") || inside(p.path, "internal/store") {
		return nil
	}
	for _, to := range p.imports(false) {
		if to != "net/url" && to != "net/netip" && (inside(to, "net") || inside(to, "golang.org/x/net")) {
			list = append(list, breachf(p.path+" imports "+to, "only internal/server and internal/store open sockets"))
		}
	}
	return list
}

// lasting checks that files are written through internal/atomicfile, so that they get their
// names when they are complete. Temporary files are exempt.
func lasting(p *pkg) (list []breach) {
	if p.path == "internal/atomicfile" || slices.Contains(forTests, p.path) {
		return nil
	}
	for _, f := range p.files {
		if f.test {
			continue
		}
		for _, name := range f.uses("os", "Create", "OpenFile", "WriteFile", "Rename") {
			list = append(list, breachf(f.name+" writes by os."+name, "files that stay are written through internal/atomicfile"))
		}
	}
	return list
}

// commands checks that commands never import each other, and that no other package imports the
// command line.
func commands(p *pkg) (list []breach) {
	const cli = "internal/cli"
	if !strings.HasPrefix(p.path, cli+"/") || slices.Contains(forTests, p.path) {
		if !inside(p.path, "cmd") && p.path != cli && !slices.Contains(forTests, p.path) {
			for _, to := range p.ours() {
				if inside(to, cli) {
					list = append(list, breachf(p.path+" imports "+to, "the command line is above everything else"))
				}
			}
		}
		return list
	}
	may, isShared := shared[p.path]
	for _, to := range p.ours() {
		if !inside(to, cli) || inside(to, p.path) || slices.Contains(may, to) {
			continue
		}
		if _, ok := shared[to]; ok && !isShared {
			continue
		}
		list = append(list, breachf(p.path+" imports "+to, "commands never import each other: move what they share to package load, models, flags or ui (the map called shared has what these may import)"))
	}
	return list
}

// libraries checks that certain libraries are imported only where this table allows it.
func libraries(p *pkg) (list []breach) {
	for _, home := range []struct {
		library, where string
		here           bool
		tests          bool // the rule holds for tests, too
	}{
		{"github.com/spf13/cobra", "internal/cli", inside(p.path, "internal/cli"), true},
		{"github.com/stretchr/testify", "tests", slices.Contains(forTests, p.path), false},
		{"github.com/santhosh-tekuri/jsonschema", "tests", slices.Contains(forTests, p.path), false},
		{"github.com/nats-io", "internal/queue", p.path == "internal/queue", true},
		{"gonum.org/v1/plot", "internal/report", p.path == "internal/report", true},
	} {
		if !home.here && slices.ContainsFunc(p.imports(home.tests), func(to string) bool { return inside(to, home.library) }) {
			list = append(list, breachf(p.path+" imports "+home.library, "only %s may import this library", home.where))
		}
	}
	return list
}

// comments checks that a package has one package comment of 3 to 6 lines.
func comments(p *pkg) (list []breach) {
	const minLines, maxLines = 3, 6
	what := "the comment of " + p.path
	var docs, lines int
	for _, f := range p.files {
		if doc := f.syntax.Doc; doc != nil && (!f.test || p.onlyTests()) {
			docs++
			lines = strings.Count(doc.Text(), "\n")
		}
	}
	switch {
	case docs == 0:
		list = append(list, breachf(what, "there is none: write %d to %d lines above \"package\", in one file, that say what the package is", minLines, maxLines))
	case docs > 1:
		list = append(list, breachf(what, "%d files have a package comment, but only one should", docs))
	case lines < minLines || lines > maxLines:
		list = append(list, breachf(what, "it has %d lines, but should have %d to %d", lines, minLines, maxLines))
	}
	return list
}

// withoutExample lists packages from which the rule "examples" asks no example. Each value is
// the reason.
var withoutExample = map[string]string{
	"internal/quant/kernel/amd64": "tables of kernels, which package matmul chooses from",
	"internal/quant/kernel/arm64": "tables of kernels, which package matmul chooses from",
}

// examples checks that the package sampler, and all packages above it in the list called order,
// have an example. Commands have docs and scripts instead. Programs and packages for tests need
// none, because no package imports them.
func examples(p *pkg) []breach {
	place := placeOf(p.path)
	if place < 0 || place > placeOf("internal/sampler") || inside(p.path, "cmd") || inside(p.path, "internal/cli") {
		return nil
	}
	if slices.ContainsFunc(p.files, func(f *file) bool { return !f.test && f.syntax.Name.Name == "main" }) || withoutExample[p.path] != "" {
		return nil
	}
	for _, f := range p.files {
		for _, d := range f.syntax.Decls {
			if fn, ok := d.(*ast.FuncDecl); ok && f.test && strings.HasPrefix(fn.Name.Name, "Example") {
				return nil
			}
		}
	}
	return []breach{breachf(p.path+" has no example", "write an example_test.go that shows in a few lines how the package is used, or say in withoutExample why it has none")}
}

// maxParameters is the largest number of parameters of a function. With more parameters, a
// reader of a call cannot tell which is which.
const maxParameters = 6

// parameters checks the number of parameters. A struct is better than many parameters, because its
// fields have names in calls.
func parameters(p *pkg) (list []breach) {
	for _, f := range p.files {
		ast.Inspect(f.syntax, func(n ast.Node) bool {
			name := "a function literal"
			var t *ast.FuncType
			switch n := n.(type) {
			case *ast.FuncDecl:
				name, t = n.Name.Name, n.Type
			case *ast.FuncLit:
				t = n.Type
			default:
				return true
			}
			if k := t.Params.NumFields(); k > maxParameters {
				list = append(list, breachf(fmt.Sprintf("%s: %s has %d parameters", f.name, name, k), "a function has at most %d parameters: use a struct", maxParameters))
			}
			return true
		})
	}
	return list
}
