// Package docs has only tests. They run the commands that README.md and the pages in docs show.
// Each page has a folder of its own, with the files that its commands need. If a command needs the
// network, hours or another machine, the page says so in a comment, and only the command's flags
// are checked.
package docs

import (
	"bufio"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"alpaca/internal/cli"
)

// These environment variables are set for the commands of a page.
const (
	envMode   = "DOCS_MODE"   // modeParse or modeServe; not set: see below
	envStatus = "DOCS_STATUS" // the exit status that a command must have
	envLog    = "DOCS_LOG"    // the file that failures of commands are written to
	envRoot   = "DOCS_ROOT"   // the top of this tree
	envServer = "DOCS_SERVER" // host and port of the server that curl asks instead of localhost:8080
)

// These are values of envMode. If envMode is not set,
// commands run, and a server ends as soon as it listens.
const (
	modeParse = "parse" // the command is not run; only its flags are checked
	modeServe = "serve" // a server runs until the test ends it
)

// programs has the programs that the pages call, by name. They are all functions of this test, so
// the machine need not have them.
var programs = map[string]func(args []string) int{
	"alpaca":   alpaca,
	"curl":     curl,
	"git":      func([]string) int { fmt.Println("-one llama\n+two llamas"); return 0 },
	"jq":       func([]string) int { return passOn() },
	"make":     makeTarget,
	"xdg-open": func([]string) int { return 0 },
}

// others are further programs that pages call. No test runs them.
var others = []string{"adb", "apt", "apt-get", "cpufreq-set", "docker", "dpkg", "go", "hf", "journalctl", "llama-perplexity", "nats-server", "pkg",
	"podman", "python3", "scp", "ssh", "sudo", "sha256sum", "systemctl", "taskset", "termux-setup-storage"}

// tools are programs that every system has. Commands that are
// not run call links to this test instead, which do nothing.
var tools = []string{"cat", "cp", "mkdir", "rm", "tar"}

func TestMain(m *testing.M) {
	name := filepath.Base(os.Args[0])
	if run := programs[name]; run != nil {
		os.Exit(run(os.Args[1:]))
	}
	if slices.Contains(others, name) || slices.Contains(tools, name) {
		os.Exit(other(name))
	}
	os.Exit(m.Run())
}

// fail notes in envLog that a command failed, because
// the shell reports only the last command of a pipe.
func fail(format string, args ...any) int {
	text := fmt.Sprintf(format, args...)
	fmt.Fprintln(os.Stderr, text)
	log, err := os.OpenFile(os.Getenv(envLog), os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o644)
	if err != nil {
		return 1
	}
	defer log.Close()
	fmt.Fprintln(log, text)
	return 1
}

// other takes the place of a program that tests cannot run. It fails if a page does not mark the
// command as not run.
func other(name string) int {
	if os.Getenv(envMode) != modeParse {
		return fail("tests cannot run %s: mark the command in the page as not run", name)
	}
	return 0
}

// address matches the address that a server prints.
var address = regexp.MustCompile(`http://[^\s/,]+:\d+`)

// alpaca runs the program. With modeParse it only checks the flags. Without modeServe, a server
// ends as soon as it has printed its address.
func alpaca(args []string) int {
	if os.Getenv(envMode) == modeParse {
		if err := check(args); err != nil {
			return fail("alpaca %q: %v", args, err)
		}
		return 0
	}
	var status int
	if serves(args) && os.Getenv(envMode) != modeServe {
		status = untilItServes(args)
	} else {
		status = cli.Main(args, os.Stdin, os.Stdout, os.Stderr)
	}
	want, _ := strconv.Atoi(os.Getenv(envStatus))
	if status != want {
		return fail("alpaca %q: status %d", args, status)
	}
	return 0
}

// serves reports whether a command runs until a signal ends it.
func serves(args []string) bool {
	first, second := "", ""
	if len(args) > 0 {
		first = args[0]
	}
	if len(args) > 1 {
		second = args[1]
	}
	return first == "serve" || first == "data" && second == "serve" ||
		first == "ab" && second != "report" && second != "export" && !slices.Contains(args, "--judge")
}

// untilItServes runs a command that serves, and ends it as soon as it prints its address. It
// returns 0 if the command ended in this way, or else the status of the command.
func untilItServes(args []string) int {
	if !slices.Contains(args, "--port") {
		args = append(args, "--port", "0") // many pages are tested at the same time
	}
	reader, writer, err := os.Pipe()
	if err != nil {
		return fail("%v", err)
	}
	ended := false
	done := make(chan struct{})
	go func() {
		defer close(done)
		for lines := bufio.NewScanner(reader); lines.Scan(); {
			fmt.Fprintln(os.Stderr, lines.Text())
			if ended || !address.MatchString(lines.Text()) {
				continue
			}
			if self, err := os.FindProcess(os.Getpid()); err == nil {
				ended = self.Signal(syscall.SIGTERM) == nil
			}
		}
	}()
	status := cli.Main(args, os.Stdin, os.Stdout, writer)
	writer.Close()
	<-done
	if ended && status == 128+int(syscall.SIGTERM) {
		return 0
	}
	return status
}

// curl sends a request to the page's server. It understands an address, -d DATA and -H HEADER, and
// ignores other flags.
func curl(args []string) int {
	if os.Getenv(envMode) == modeParse {
		return 0
	}
	server := os.Getenv(envServer)
	if server == "" {
		return fail("the page calls curl, but has no comment <!-- server: … -->")
	}
	request, _ := http.NewRequest("GET", "", nil)
	for i := 0; i < len(args); i++ {
		switch arg := args[i]; {
		case arg == "-d" && i+1 < len(args):
			i++
			request.Method, request.Body = "POST", io.NopCloser(strings.NewReader(args[i]))
			request.ContentLength = int64(len(args[i]))
			request.Header.Set("Content-Type", "application/x-www-form-urlencoded") // as curl does
		case arg == "-H" && i+1 < len(args):
			i++
			name, value, _ := strings.Cut(args[i], ":")
			request.Header.Set(name, strings.TrimSpace(value))
		case strings.HasPrefix(arg, "-"):
		default:
			rest, ours := strings.CutPrefix(strings.TrimPrefix(arg, "http://"), "localhost:8080")
			if !ours {
				return fail("curl %s: this is not the server of the page", arg)
			}
			url, err := request.URL.Parse("http://" + server + rest)
			if err != nil {
				return fail("curl %s: %v", arg, err)
			}
			request.URL, request.Host = url, server
		}
	}
	answer, err := http.DefaultClient.Do(request)
	if err != nil {
		return fail("curl %q: %v", args, err)
	}
	defer answer.Body.Close()
	body, err := io.ReadAll(answer.Body)
	if err != nil || answer.StatusCode != http.StatusOK {
		return fail("curl %q: %s: %s %v", args, answer.Status, body, err)
	}
	os.Stdout.Write(body)
	return 0
}

// passOn copies stdin to stdout. An empty stdin is a failure.
func passOn() int {
	n, err := io.Copy(os.Stdout, os.Stdin)
	if os.Getenv(envMode) != modeParse && (n == 0 || err != nil) {
		return fail("stdin is empty: %v", err)
	}
	return 0
}

// makeTarget checks that the Makefile has the targets in args.
func makeTarget(args []string) int {
	text, err := os.ReadFile(filepath.Join(os.Getenv(envRoot), "Makefile"))
	if err != nil {
		return fail("make: %v", err)
	}
	for _, arg := range args {
		if !strings.Contains(arg, "=") && !strings.Contains(string(text), "\n"+arg+":") {
			return fail("make %s: the Makefile has no such target", arg)
		}
	}
	return 0
}
