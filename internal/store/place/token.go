package place

import (
	"os"
	"strings"
)

// TokenOf returns the Hub's token, or "". It looks at HF_TOKEN, then HUGGING_FACE_HUB_TOKEN,
// then the file that "hf auth login" writes. HF_HUB_DISABLE_IMPLICIT_TOKEN disables the file.
func (p Places) TokenOf(env Env) string {
	for _, name := range []string{"HF_TOKEN", "HUGGING_FACE_HUB_TOKEN"} {
		if token := clean(env(name)); token != "" {
			return token
		}
	}
	if Flag(env("HF_HUB_DISABLE_IMPLICIT_TOKEN")) {
		return ""
	}
	for _, path := range p.Tokens {
		if data, err := os.ReadFile(path); err == nil {
			return clean(string(data))
		}
	}
	return ""
}

// clean trims white space around a token. It returns "" for a
// token with a line break, which would break an HTTP header.
func clean(token string) string {
	token = strings.TrimSpace(token)
	if strings.ContainsAny(token, "\r\n") {
		return ""
	}
	return token
}

// Flag reports whether a variable's value means yes, as in Hugging Face's library.
func Flag(value string) bool {
	switch strings.ToUpper(value) {
	case "1", "ON", "YES", "TRUE":
		return true
	}
	return false
}

// OfflineBy returns the name of the variable that forbids the network, or "".
func OfflineBy(env Env) string {
	for _, name := range []string{"ALPACA_OFFLINE", "HF_HUB_OFFLINE"} {
		if Flag(env(name)) {
			return name
		}
	}
	return ""
}
