package ref

import (
	"encoding/hex"
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"
)

// maxRepoPart is the Hub's limit for the name of an owner or a repository, in bytes.
const maxRepoPart = 96

// CheckRepoPart returns an error if s is not a valid name of an owner
// or a repository. By the Hub's rules, a name consists of [A-Za-z0-9_]
// and, except at its ends, . and -. -- and .. are not allowed.
func CheckRepoPart(s string) error {
	if s == "" {
		return fmt.Errorf("the name of an owner or a repository is empty")
	}
	if len(s) > maxRepoPart {
		return fmt.Errorf("%.20q… has %d bytes, at most %d are allowed", s, len(s), maxRepoPart)
	}
	for i := range len(s) {
		inner := i > 0 && i < len(s)-1
		if !wordByte(s[i]) && !(inner && (s[i] == '.' || s[i] == '-')) {
			return fmt.Errorf("%q: letters, digits and _ are allowed, with . and - between them", s)
		}
	}
	if strings.Contains(s, "--") || strings.Contains(s, "..") {
		return fmt.Errorf("%q must not contain -- or ..", s)
	}
	return nil
}

func wordByte(c byte) bool {
	return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || c == '_'
}

// checkWord checks that s begins with an ASCII letter, a digit or _, and
// contains only these and the characters in more. limit is the largest length of
// s in bytes. Errors call s by the word in the parameter what, such as "tag".
func checkWord(what, s, more string, limit int) error {
	if s == "" {
		return fmt.Errorf("the %s is empty", what)
	}
	if len(s) > limit {
		return fmt.Errorf("the %s %.20q… has %d bytes, at most %d are allowed", what, s, len(s), limit)
	}
	for i := range len(s) {
		if !wordByte(s[i]) && (i == 0 || strings.IndexByte(more, s[i]) < 0) {
			return fmt.Errorf("the %s %q has the character %q", what, s, s[i])
		}
	}
	if strings.Contains(s, "..") {
		return fmt.Errorf("the %s %q must not contain ..", what, s)
	}
	return nil
}

func checkQuant(s string) error { return checkWord("quantization", s, "-.", 64) }

// checkOllama checks that all parts follow Ollama's rules.
func (r Ref) checkOllama(text string) error {
	for _, c := range []struct {
		what, s, more string
		max           int
	}{
		{"host", r.Host, ".-:", 350}, {"namespace", r.Namespace, "-", 80}, {"model", r.Model, ".-", 80}, {"tag", r.Tag, ".-", 80},
	} {
		if err := checkWord(c.what, c.s, c.more, c.max); err != nil {
			return fmt.Errorf("%q: %w", text, err)
		}
	}
	return nil
}

// CheckRevision checks that s is a commit, or a branch that is safe as a relative path.
func CheckRevision(s string) error {
	if err := CheckPath(s); err != nil {
		return fmt.Errorf("revision: %w", err)
	}
	return nil
}

// IsCommit reports whether s is the hash of a commit: 40 hexadecimal digits.
func IsCommit(s string) bool { return isHex(s, 40) }

// IsSHA256 reports whether s is 64 hexadecimal digits in lower case.
func IsSHA256(s string) bool { return isHex(s, 64) && s == strings.ToLower(s) }

func isHex(s string, n int) bool {
	_, err := hex.DecodeString(s)
	return len(s) == n && err == nil
}

// CheckDigest returns the 64 digits of "sha256:…", which are safe in a path.
func CheckDigest(digest string) (string, error) {
	hash, ok := strings.CutPrefix(digest, "sha256:")
	if !ok || !IsSHA256(hash) {
		return "", fmt.Errorf("digest %.80q: want sha256: and 64 hexadecimal digits", digest)
	}
	return hash, nil
}

// The longest names and paths that file systems allow, in bytes.
const (
	maxComponent = 255
	maxPath      = 1024
)

// CheckPath checks that p is a relative path with slashes that stays below its
// folder on every system. It also refuses Windows' drives, streams and devices.
func CheckPath(p string) error {
	switch {
	case p == "":
		return fmt.Errorf("the path is empty")
	case len(p) > maxPath:
		return fmt.Errorf("path %.20q… has %d bytes, at most %d are allowed", p, len(p), maxPath)
	case !utf8.ValidString(p):
		return fmt.Errorf("path %q is not UTF-8", p)
	case strings.ContainsFunc(p, func(r rune) bool { return unicode.IsControl(r) || r == '\\' || r == ':' }):
		return fmt.Errorf("path %q has a character that is not allowed in it", p)
	}
	for _, part := range strings.Split(p, "/") {
		switch {
		case part == "" || part == "." || part == "..":
			return fmt.Errorf("path %q leaves its folder", p)
		case len(part) > maxComponent:
			return fmt.Errorf("path %.20q… has a name of %d bytes, at most %d are allowed", p, len(part), maxComponent)
		case strings.HasSuffix(part, ".") || strings.HasSuffix(part, " ") || isDevice(part):
			return fmt.Errorf("path %q has a name that Windows reserves", p)
		}
	}
	return nil
}

// isDevice reports whether a name, with or without an extension, is a device on Windows.
func isDevice(name string) bool {
	base, _, _ := strings.Cut(strings.ToUpper(name), ".")
	base = strings.TrimRight(base, " ")
	switch base {
	case "CON", "PRN", "AUX", "NUL":
		return true
	}
	if len(base) != 4 || base[3] < '0' || base[3] > '9' {
		return false
	}
	return base[:3] == "COM" || base[:3] == "LPT"
}
