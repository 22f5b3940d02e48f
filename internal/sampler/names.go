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

// lettered is a sampler with its letter.
type lettered struct {
	name   Name
	letter rune
}

// samplers is llama.cpp's default chain, in order, with the letters that ParseSequence
// reads. DRY, top-n-sigma, typical-p and XTC are off unless their parameters are set.
var samplers = []lettered{
	{Penalties, 'e'}, {DRY, 'd'}, {TopNSigma, 's'}, {TopK, 'k'}, {Typical, 'y'},
	{TopP, 'p'}, {MinP, 'm'}, {XTC, 'x'}, {Temperature, 't'},
}

// DefaultSamplers returns the default chain, which has each sampler once.
func DefaultSamplers() (chain []Name) {
	for _, s := range samplers {
		chain = append(chain, s.name)
	}
	return chain
}

// DefaultSequence returns the default chain in the letters that ParseSequence reads.
func DefaultSequence() string {
	var b strings.Builder
	for _, s := range samplers {
		b.WriteRune(s.letter)
	}
	return b.String()
}

// aliases are other spellings of the names, written with "_" instead of "-".
var aliases = map[string]Name{
	"typical_p": Typical, "typical": Typical, "typ": Typical,
	"nucleus": TopP, "temp": Temperature,
}

// ParseSamplers reads a chain of names separated by semicolons, such
// as "top_k;top_p;temperature". The empty string is the empty chain.
// If it returns an error, it also returns the known names in the list.
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

// ParseSequence reads a chain of letters, such as "kpt" for top-k, top-p and temperature. Each
// sampler has a letter: see samplers.
func ParseSequence(seq string) ([]Name, error) {
	chain := []Name{}
	for _, letter := range seq {
		i := slices.IndexFunc(samplers, func(s lettered) bool { return s.letter == letter })
		if i < 0 {
			return nil, fmt.Errorf("sampler: unknown sampler letter %q: the letters are %s", letter, DefaultSequence())
		}
		chain = append(chain, samplers[i].name)
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
