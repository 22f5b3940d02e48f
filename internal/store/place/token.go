package place

import (
	"os"
	"strings"
)

// TokenOf returns the Hub's token, "" for none: HF_TOKEN, the older variable, then the
// file where "hf auth login" puts it. HF_HUB_DISABLE_IMPLICIT_TOKEN leaves the file out.
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

// clean drops what an editor leaves around a token. One with a line break in it would
// break a header.
func clean(token string) string {
	token = strings.TrimSpace(token)
	if strings.ContainsAny(token, "\r\n") {
		return ""
	}
	return token
}

// Flag reports whether a variable's value means yes, by the words that Hugging Face's
// library knows.
func Flag(value string) bool {
	switch strings.ToUpper(value) {
	case "1", "ON", "YES", "TRUE":
		return true
	}
	return false
}

// OfflineBy returns the variable that forbids the network, "" for none.
func OfflineBy(env Env) string {
	for _, name := range []string{"ALPACA_OFFLINE", "HF_HUB_OFFLINE"} {
		if Flag(env(name)) {
			return name
		}
	}
	return ""
}
