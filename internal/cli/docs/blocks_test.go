package docs

import (
	"fmt"
	"os/exec"
	"regexp"
	"slices"
	"strings"
)

// A block is the text between two fences of a page, as it is typed into a shell.
type block struct {
	line   int // number of the block's first line in the page
	server string
	steps  []step
}

// A step is a command, with the output that the page shows.
type step struct {
	line   int
	text   string
	parse  bool // the command is not run; only its flags are checked
	status string
	output string
}

var (
	fence   = regexp.MustCompile("^\\s*```(\\w*)")
	marked  = regexp.MustCompile(`^<!-- (not run|status \d+)((?: "[^"]+")*): (\S.*) -->$`)
	server  = regexp.MustCompile(`^<!-- server: alpaca (.*) -->$`)
	comment = regexp.MustCompile(`^<!-- (not run|status|server)`)
	quoted  = regexp.MustCompile(`"([^"]+)"`)
)

// readBlocks returns the blocks of shell commands in a page. Comments above a block say which of
// its commands are not run and why, and which server answers its requests:
//
//	<!-- not run: it takes hours -->
//	<!-- not run "alpaca pull" "alpaca run -m hf:": it needs the network -->
//	<!-- status 1 "alpaca compare-tensors": the files differ -->
//	<!-- server: alpaca serve -m model.gguf -->
//
// A text in quotes means all commands that begin with this text. A comment without such a text is
// about the whole block.
func readBlocks(page string) (list []block, err error) {
	lines := strings.Split(page, "\n")
	var marks []string
	for i := 0; i < len(lines); i++ {
		text := lines[i]
		if comment.MatchString(text) {
			marks = append(marks, text)
			continue
		}
		m := fence.FindStringSubmatch(text)
		if m == nil {
			if strings.TrimSpace(text) != "" {
				if len(marks) > 0 {
					return nil, fmt.Errorf("line %d: no block follows %s", i+1, marks[0])
				}
			}
			continue
		}
		end := i + 1
		for end < len(lines) && fence.FindString(lines[end]) == "" {
			end++
		}
		if end == len(lines) {
			return nil, fmt.Errorf("line %d: the block does not end", i+1)
		}
		inside := lines[i+1 : end]
		b := block{line: i + 2}
		switch m[1] {
		case "sh":
			err = b.readScript(inside)
		case "console":
			b.readConsole(inside)
		case "":
			if slices.ContainsFunc(inside, func(s string) bool { return strings.HasPrefix(s, "alpaca ") }) {
				err = fmt.Errorf("line %d: commands must be in blocks of sh or console", i+1)
			}
		}
		if err == nil {
			err = b.mark(marks)
		}
		if err != nil {
			return nil, err
		}
		if len(b.steps) > 0 {
			list = append(list, b)
		}
		marks, i = nil, end
	}
	return list, nil
}

// readScript divides a script into commands. A command may have several lines.
func (b *block) readScript(lines []string) error {
	var text strings.Builder
	first := 0
	for i, line := range lines {
		if text.Len() == 0 {
			first = i
			if line = strings.TrimSpace(line); line == "" || strings.HasPrefix(line, "#") {
				continue
			}
		}
		text.WriteString(line + "\n")
		if exec.Command("sh", "-n", "-c", text.String()).Run() == nil && !strings.HasSuffix(line, "\\") {
			b.steps = append(b.steps, step{line: b.line + first, text: strings.TrimSuffix(text.String(), "\n")})
			text.Reset()
		}
	}
	if text.Len() > 0 {
		return fmt.Errorf("line %d: not a shell command: %s", b.line+first, text.String())
	}
	return nil
}

// readConsole divides a session into commands and their outputs.
func (b *block) readConsole(lines []string) {
	for i, line := range lines {
		if text, typed := strings.CutPrefix(line, "$ "); typed {
			b.steps = append(b.steps, step{line: b.line + i, text: text})
		} else if n := len(b.steps); n > 0 {
			b.steps[n-1].output += line + "\n"
		}
	}
}

// mark applies the comments above a block.
func (b *block) mark(comments []string) error {
	for _, c := range comments {
		if m := server.FindStringSubmatch(c); m != nil {
			b.server = m[1]
			continue
		}
		m := marked.FindStringSubmatch(c)
		if m == nil {
			return fmt.Errorf("line %d: a comment must be \"not run\" or a status, with a reason, or a server: %s", b.line, c)
		}
		begins := quoted.FindAllStringSubmatch(m[2], -1)
		if begins == nil {
			begins = [][]string{{"", ""}}
		}
		for _, begin := range begins {
			found := false
			for i := range b.steps {
				if !strings.HasPrefix(b.steps[i].text, begin[1]) {
					continue
				}
				found = true
				if status, has := strings.CutPrefix(m[1], "status "); has {
					b.steps[i].status = status
				} else {
					b.steps[i].parse = true
				}
			}
			if !found {
				return fmt.Errorf("line %d: no command begins with %q", b.line, begin[1])
			}
		}
	}
	return nil
}
