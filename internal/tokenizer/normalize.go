package tokenizer

import (
	"strings"

	"golang.org/x/text/unicode/norm"
)

// forms are the Unicode normal forms by their names.
var forms = map[string]norm.Form{"NFC": norm.NFC, "NFD": norm.NFD, "NFKC": norm.NFKC, "NFKD": norm.NFKD}

// setNormalizer makes t bring text to the normal form of the name.
func (t *Tokenizer) setNormalizer(name string) {
	form, known := forms[strings.ToUpper(name)]
	switch {
	case known:
		t.normalize = form.String
	case name != "" && name != "identity": // SentencePiece's name for none
		t.warnf("unknown normalizer %q (tokenizer.ggml.normalizer), want NFC, NFD, NFKC or NFKD: text is taken as it is", name)
	}
}

// normal returns the text as the model was trained to see it.
func (t *Tokenizer) normal(text string) string {
	if t.normalize == nil {
		return text
	}
	return t.normalize(text)
}
