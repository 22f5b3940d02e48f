package sampler

import (
	"fmt"
	"slices"
	"strings"
)

// Name is llama.cpp's name of a sampler of the chain.
type Name string

// The samplers of the chain.
const (
	Penalties   Name = "penalties"
	DRY         Name = "dry"
	TopNSigma   Name = "top_n_sigma"
	TopK        Name = "top_k"
	Typical     Name = "typ_p"
	TopP        Name = "top_p"
	MinP        Name = "min_p"
	XTC         Name = "xtc"
	Temperature Name = "temperature"
)

// DefaultSamplers returns llama.cpp's default chain, in order. DRY, top-n-sigma, typical-p and
// XTC are off unless their parameters are set.
func DefaultSamplers() []Name {
	return []Name{Penalties, DRY, TopNSigma, TopK, Typical, TopP, MinP, XTC, Temperature}
}

// DefaultSequence is DefaultSamplers in ParseSequence's letters.
const DefaultSequence = "edskypmxt"

// letters are the samplers' letters in a sequence.
var letters = map[rune]Name{
	'e': Penalties, 'd': DRY, 's': TopNSigma, 'k': TopK, 'y': Typical,
	'p': TopP, 'm': MinP, 'x': XTC, 't': Temperature,
}

// aliases are other spellings, with "_" for "-".
var aliases = map[string]Name{
	"typical_p": Typical, "typical": Typical, "typ": Typical,
	"nucleus": TopP, "temp": Temperature,
}

// ParseSamplers reads a chain of names separated by semicolons, such as "top_k;top_p;temperature".
// The empty string is the empty chain. With an error, it also returns the known names.
func ParseSamplers(list string) ([]Name, error) {
	chain := []Name{}
	if strings.TrimSpace(list) == "" {
		return chain, nil
	}
	var unknown *unknownSampler
	for field := range strings.SplitSeq(list, ";") {
		name, err := parseName(field)
		if err == nil {
			chain = append(chain, name)
		} else if unknown == nil {
			unknown = err
		}
	}
	if unknown != nil {
		unknown.among = len(chain) > 0
		return chain, unknown
	}
	return chain, nil
}

// unknownSampler is the error for an unknown name.
type unknownSampler struct {
	name  string
	among bool // the list has known names, too
}

func (e *unknownSampler) Error() string {
	return fmt.Sprintf("sampler: unknown sampler %q: the samplers are %s", e.name, JoinSamplers(DefaultSamplers()))
}

// parseName returns the sampler that field names. It accepts aliases.
func parseName(field string) (Name, *unknownSampler) {
	text := strings.ReplaceAll(strings.ToLower(strings.TrimSpace(field)), "-", "_")
	if name, ok := aliases[text]; ok {
		return name, nil
	}
	if slices.Contains(DefaultSamplers(), Name(text)) {
		return Name(text), nil
	}
	return "", &unknownSampler{name: strings.TrimSpace(field)}
}

// ParseSequence reads a chain of letters, such as "kpt": e penalties, d dry,
// s top_n_sigma, k top_k, y typ_p, p top_p, m min_p, x xtc, t temperature.
func ParseSequence(seq string) ([]Name, error) {
	chain := []Name{}
	for _, letter := range seq {
		name, ok := letters[letter]
		if !ok {
			return nil, fmt.Errorf("sampler: unknown sampler letter %q: the letters are %s", letter, DefaultSequence)
		}
		chain = append(chain, name)
	}
	return chain, nil
}

// JoinSamplers writes a chain in the form that ParseSamplers reads.
func JoinSamplers(chain []Name) string {
	texts := make([]string, len(chain))
	for i, name := range chain {
		texts[i] = string(name)
	}
	return strings.Join(texts, ";")
}
