package tokenizer

import (
	"strings"

	"golang.org/x/text/unicode/norm"
)

// forms are the Unicode normal forms by their names.
var forms = map[string]norm.Form{"NFC": norm.NFC, "NFD": norm.NFD, "NFKC": norm.NFKC, "NFKD": norm.NFKD}

// setNormalizer makes t normalize text to the form with the given name.
func (t *Tokenizer) setNormalizer(name string) {
	form, known := forms[strings.ToUpper(name)]
	switch {
	case known:
		t.normalize = form.String
	case name != "" && name != "identity": // SentencePiece's name for no normalization
		t.warnf("unknown normalizer %q (tokenizer.ggml.normalizer), want NFC, NFD, NFKC or NFKD: text is not normalized", name)
	}
}

// normal returns text in the normal form that the model was trained with.
func (t *Tokenizer) normal(text string) string {
	if t.normalize == nil {
		return text
	}
	return t.normalize(text)
}
