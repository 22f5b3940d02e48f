package docs

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"alpaca/internal/cli"
	"alpaca/internal/cli/ui"
)

// pages returns the paths of README.md, CONTRIBUTING.md and the pages in docs. It also returns the
// folder at the top of the tree.
func pages(t *testing.T) (root string, list []string) {
	t.Helper()
	root, err := filepath.Abs("../../..")
	require.NoError(t, err)
	list, err = filepath.Glob(filepath.Join(root, "docs", "*.md"))
	require.NoError(t, err)
	require.NotEmpty(t, list)
	return root, append([]string{filepath.Join(root, "README.md"), filepath.Join(root, "CONTRIBUTING.md")}, list...)
}

// TestCommands runs the commands that the pages show.
func TestCommands(t *testing.T) {
	if testing.Short() {
		t.Skip("takes long: the test runs every command of every page")
	}
	if _, err := exec.LookPath("sh"); err != nil {
		t.Skip("there is no shell here")
	}
	root, list := pages(t)
	bin := programsFolder(t, append(slices.Collect(maps.Keys(programs)), others...))
	idle := programsFolder(t, tools)
	files := fixtures(t, root, bin)
	for _, path := range list {
		text, err := os.ReadFile(path)
		require.NoError(t, err)
		name, err := filepath.Rel(root, path)
		require.NoError(t, err)
		blocks, err := readBlocks(string(text))
		require.NoError(t, err, name)
		if len(blocks) == 0 {
			continue
		}
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			require.NoError(t, os.CopyFS(dir, os.DirFS(files)))
			require.NoError(t, os.Symlink(filepath.Join(bin, "alpaca"), filepath.Join(dir, "alpaca")))
			p := page{name: name, dir: dir, bin: bin, idle: idle, env: environ(root, bin, dir)}
			for i := range blocks {
				p.run(t, &blocks[i])
			}
		})
	}
}

// programsFolder returns a folder with programs that pages call. All of them are links to this
// test's binary.
func programsFolder(t *testing.T, names []string) string {
	t.Helper()
	self, err := os.Executable()
	require.NoError(t, err)
	dir := t.TempDir()
	for _, name := range names {
		require.NoError(t, os.Symlink(self, filepath.Join(dir, name)))
	}
	return dir
}

// environ returns the environment for the commands of a page. They have their own home folder, and
// no network.
func environ(root, bin, dir string) []string {
	return []string{"PATH=" + pathOf(bin), "HOME=" + dir, "TMPDIR=" + dir, "ALPACA_OFFLINE=1", "NO_COLOR=1", "LC_ALL=C.UTF-8",
		"ALPACA_MODELS=" + filepath.Join(dir, "models"), envLog + "=" + filepath.Join(dir, ".failed"), envRoot + "=" + root}
}

// pathOf returns a value of PATH: the given folders, then the system's.
func pathOf(folders ...string) string { return strings.Join(append(folders, "/usr/bin", "/bin"), ":") }

// A page is a page of the docs, with the folder in which its commands run.
type page struct {
	name, dir string
	bin, idle string // folders of programs, see TestCommands
	env       []string
}

// said is the stdin of conversations without a first message, as if somebody had typed it.
const said = "What is your name?\n"

// run runs all commands of a block in one shell.
func (p *page) run(t *testing.T, b *block) {
	env := p.env
	if b.server != "" {
		env = append(slices.Clone(env), envServer+"="+p.serve(t, b.server))
	}
	at, typed, out := filepath.Join(p.dir, ".at"), filepath.Join(p.dir, ".said"), filepath.Join(p.dir, ".out")
	require.NoError(t, os.WriteFile(typed, []byte(said), 0o644))
	script := "set -eu\n"
	for i, s := range b.steps {
		mode := "unset " + envMode + "; export PATH=" + pathOf(p.bin) + " " + envStatus + "=" + s.status
		if s.parse {
			mode = "export PATH=" + pathOf(p.idle, p.bin) + " " + envMode + "=" + modeParse
		}
		in := os.DevNull
		if strings.Contains(s.text, "alpaca run") && !strings.Contains(s.text, " -p ") {
			in = typed
		}
		script += fmt.Sprintf("%s; echo %d >%s\n{ %s\n} <%s >%s.%d 2>&1\n", mode, s.line, at, s.text, in, out, i)
	}
	cmd := exec.Command("sh", "-c", script)
	cmd.Dir, cmd.Env = p.dir, env
	told, err := cmd.CombinedOutput()
	failed, _ := os.ReadFile(filepath.Join(p.dir, ".failed"))
	if err != nil || len(failed) > 0 {
		line, _ := os.ReadFile(at)
		said := ""
		for i, s := range b.steps {
			if strconv.Itoa(s.line) == string(bytes.TrimSpace(line)) {
				text, _ := os.ReadFile(out + "." + strconv.Itoa(i))
				said = s.text + "\n" + string(text)
			}
		}
		t.Fatalf("%s:%s: %v\n%s%s%s\n%s", p.name, bytes.TrimSpace(line), err, told, failed, said,
			"fixtures_test.go makes the files that pages name. If a command cannot be run here, a comment above its block says why: <!-- not run: it needs the network -->")
	}
	for i, s := range b.steps {
		if got, err := os.ReadFile(out + "." + strconv.Itoa(i)); s.output != "" && !s.parse {
			require.NoError(t, err)
			// The lines of a page may end where those of a
			// terminal do not, so only the words must be equal.
			require.Equal(t, strings.Fields(s.output), strings.Fields(string(got)), "%s:%d", p.name, s.line)
		}
	}
}

// serve starts a page's server, and returns its host and port.
func (p *page) serve(t *testing.T, args string) string {
	cmd := exec.Command("sh", "-c", "exec "+filepath.Join(p.bin, "alpaca")+" "+args+" --port 0")
	cmd.Dir, cmd.Env = p.dir, append(slices.Clone(p.env), envMode+"="+modeServe)
	stderr, err := cmd.StderrPipe()
	require.NoError(t, err)
	require.NoError(t, cmd.Start())
	t.Cleanup(func() {
		cmd.Process.Kill()
		cmd.Wait()
	})
	lines := bufio.NewScanner(stderr)
	for lines.Scan() {
		if url := address.FindString(lines.Text()); url != "" {
			go func() {
				for lines.Scan() { // what the server prints later must not fill the pipe
				}
			}()
			return strings.TrimPrefix(url, "http://")
		}
	}
	t.Fatalf("%s: the server does not print its address: %v", p.name, lines.Err())
	return ""
}

// check checks a command line without running the command. It adds --help,
// and the program prints the help only if all flags before --help are valid.
func check(args []string) error {
	var out, stderr bytes.Buffer
	u := &ui.UI{In: strings.NewReader(""), Out: &out, Err: &stderr}
	if status := cli.Execute(context.Background(), u, append(slices.Clone(args), "--help")); status != ui.ExitOK {
		return errors.New(strings.TrimSpace(stderr.String()))
	}
	if len(args) > 0 && !strings.Contains(out.String(), "alpaca "+args[0]) {
		return fmt.Errorf("no command %q", args[0])
	}
	return nil
}

var (
	span    = regexp.MustCompile("`([^`\n]+)`")
	oneFlag = regexp.MustCompile(`^--[a-z][a-z_-]+`)
)

// TestMentions checks the flags that pages name in their text, between backquotes: alone, or
// after a command.
func TestMentions(t *testing.T) {
	known := knownFlags(t)
	root, list := pages(t)
	for _, path := range list {
		text, err := os.ReadFile(path)
		require.NoError(t, err)
		name, err := filepath.Rel(root, path)
		require.NoError(t, err)
		for _, m := range span.FindAllStringSubmatch(string(text), -1) {
			for _, word := range strings.Fields(m[1]) {
				flag := oneFlag.FindString(word)
				if flag == "" || known[flag] || hidden(flag) || strings.Contains(strings.Join(foreign[name], " ")+" ", flag+" ") {
					continue
				}
				t.Errorf("%s: `%s`: no command has %s", name, m[1], flag)
			}
			if args := strings.Fields(m[1]); args[0] == "alpaca" && len(args) > 1 && args[1] != "COMMAND" && !strings.HasPrefix(args[1], "-") {
				if err := check(args[1:2]); err != nil {
					t.Errorf("%s: `%s`: %v", name, m[1], err)
				}
			}
		}
	}
}

// foreign has the flags of other programs that each page names.
var foreign = map[string][]string{"docs/scale.md": {"--array", "--wrap"}}

// hidden reports whether a command takes the flag although no help lists it.
func hidden(flag string) bool {
	return slices.ContainsFunc([]string{"run", "serve", "bench", "perplexity"}, func(command string) bool {
		return check([]string{command, flag + "=1"}) == nil || check([]string{command, flag}) == nil
	})
}

// knownFlags returns the flags that the help texts of all commands list.
func knownFlags(t *testing.T) map[string]bool {
	t.Helper()
	known := map[string]bool{"--help": true}
	listed := regexp.MustCompile(`--[a-z][a-z-]+`)
	command := regexp.MustCompile(`(?m)^  ([a-z-]+) `)
	var visit func(args ...string)
	visit = func(args ...string) {
		var out bytes.Buffer
		u := &ui.UI{In: strings.NewReader(""), Out: &out, Err: &out}
		require.Equal(t, ui.ExitOK, cli.Execute(t.Context(), u, append(slices.Clone(args), "--help")), args)
		for _, flag := range listed.FindAllString(out.String(), -1) {
			known[flag] = true
		}
		_, subcommands, found := strings.Cut(out.String(), "Available Commands:\n")
		if !found {
			return
		}
		subcommands, _, _ = strings.Cut(subcommands, "\n\n")
		for _, m := range command.FindAllStringSubmatch(subcommands, -1) {
			if m[1] != "help" && m[1] != "completion" {
				visit(append(slices.Clone(args), m[1])...)
			}
		}
	}
	visit()
	require.Greater(t, len(known), 100)
	return known
}
