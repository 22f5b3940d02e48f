package data

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"
)

// Source is a file that was imported, or a run that generated rows.
type Source struct {
	ID       int64
	Name     string // unique; the view of the source's rows has the same name
	Path     string
	SHA256   string // digest of the file, in hexadecimal digits; "" if the source is not a file
	Format   string // alpaca, chat, …: see package formats
	Licence  string
	Imported time.Time
	Rows     int64
	Note     string
	Shape    string // a JSON object about the file, or the settings of the run
}

// Message is one message of a conversation.
type Message struct {
	Role    string `json:"role"` // system, user, assistant, tool, or another role from the file
	Content string `json:"content"`
}

// Row is an example.
type Row struct {
	ID       int64
	SourceID int64
	Pos      int64 // position in its source, from 1

	Instruction, Input, Output string
	System, Category           string

	// Turns has all messages of a conversation, including the system message. It is nil if
	// the conversation is one question with its answer. With Turns, Instruction is the first
	// question and Output the last answer.
	Turns []Message
	// Extra is a JSON object with the other fields of the row, or nil if there are none.
	Extra json.RawMessage
	// Raw is nil if the row's text in its file can be rebuilt from the fields above and the
	// source's Shape. Otherwise Raw is that text, or what package formats needs to rebuild it.
	Raw []byte
	// Tokens is the number of tokens, or 0 if they were not counted.
	Tokens int
}

// Rejected is a part of a source that could not be read.
type Rejected struct {
	SourceID, Line, Offset int64 // Line from 1, Offset in bytes from 0; both 0 if the source is not a file
	Error                  string
	Raw                    []byte
}

// turnsJSON returns the messages in the form of the column "turns", or nil if there are none.
func (r *Row) turnsJSON() any {
	if len(r.Turns) == 0 {
		return nil
	}
	b := []byte{'['}
	for i, m := range r.Turns {
		if i > 0 {
			b = append(b, ',')
		}
		b = AppendQuoted(append(b, `{"role":`...), m.Role)
		b = append(AppendQuoted(append(b, `,"content":`...), m.Content), '}')
	}
	return string(append(b, ']'))
}

// more returns the text of the messages besides Instruction and Output, for the index of
// words.
func (r *Row) more() string {
	if len(r.Turns) == 0 {
		return ""
	}
	var b strings.Builder
	first, last := true, -1
	for i, m := range r.Turns {
		if m.Role == "assistant" {
			last = i
		}
	}
	for i, m := range r.Turns {
		switch {
		case m.Role == "system" || i == last:
			continue
		case m.Role == "user" && first:
			first = false
			continue
		}
		b.WriteString(m.Content + "\n")
	}
	return b.String()
}

// FirstWord returns the first word of text in lower case, cut to 32 characters.
func FirstWord(text string) string {
	word := text
	start := strings.IndexFunc(text, isWord)
	if start < 0 {
		return ""
	}
	word = text[start:]
	if end := strings.IndexFunc(word, func(c rune) bool { return !isWord(c) && c != '\'' && c != '-' }); end >= 0 {
		word = word[:end]
	}
	const most = 32
	if utf8.RuneCountInString(word) > most {
		word = string([]rune(word)[:most])
	}
	return strings.ToLower(word)
}

func isWord(c rune) bool {
	if c < utf8.RuneSelf {
		return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9'
	}
	return unicode.IsLetter(c) || unicode.IsDigit(c)
}

// Normal normalizes case, punctuation and white space: it returns the words of text in
// lower case, with a space between them.
func Normal(text string) string { return string(appendNormal(make([]byte, 0, len(text)), text)) }

// appendNormal appends Normal(text) to b.
func appendNormal(b []byte, text string) []byte {
	start, gap := len(b), false
	for i := 0; i < len(text); {
		c, n := rune(text[i]), 1
		if c >= utf8.RuneSelf {
			c, n = utf8.DecodeRuneInString(text[i:])
			c = unicode.ToLower(c)
		} else if c >= 'A' && c <= 'Z' {
			c += 'a' - 'A'
		}
		i += n
		if !isWord(c) && (c < utf8.RuneSelf || !unicode.IsMark(c)) {
			gap = true
			continue
		}
		if gap && len(b) > start {
			b = append(b, ' ')
		}
		gap = false
		b = utf8.AppendRune(b, c)
	}
	return b
}

// QuestionSum returns the SHA-256 of a seed and of the row's normalized instruction and
// input. It does not depend on the answer.
func (r *Row) QuestionSum(seed uint64) [32]byte {
	b := binary.LittleEndian.AppendUint64(nil, seed)
	b = append(appendNormal(b, r.Instruction), 0)
	return sha256.Sum256(appendNormal(b, r.Input))
}

// hash returns the SHA-256 of the row's normalized texts. Duplicates have the same hash.
func (r *Row) hash() []byte {
	b := make([]byte, 0, len(r.Instruction)+len(r.Input)+len(r.Output)+3)
	for _, t := range []string{r.Instruction, r.Input, r.Output} {
		b = append(appendNormal(b, t), 0)
	}
	for _, m := range r.Turns {
		b = append(appendNormal(append(append(b, m.Role...), 0), m.Content), 0)
	}
	sum := sha256.Sum256(b)
	return sum[:]
}

// check returns an error if the database cannot keep the row unchanged.
func (r *Row) check() error {
	for _, f := range []struct{ name, text string }{
		{"instruction", r.Instruction}, {"input", r.Input}, {"output", r.Output}, {"system", r.System}, {"category", r.Category},
	} {
		if !utf8.ValidString(f.text) {
			return fmt.Errorf("%s: not UTF-8", f.name)
		}
		if strings.IndexByte(f.text, 0) >= 0 {
			return fmt.Errorf("%s: has a NUL byte, at which SQLite's functions stop", f.name)
		}
	}
	if r.Extra != nil && (!json.Valid(r.Extra) || bytes.TrimSpace(r.Extra)[0] != '{') {
		return fmt.Errorf("extra: not a JSON object")
	}
	return nil
}
