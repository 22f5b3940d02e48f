package sampler

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
)

// keyPrefix is what the keys of a model's own settings begin with. Whoever converts a
// model takes them from its maker's generation_config.json.
const keyPrefix = "general.sampling."

// FileValue is a value of a model's metadata, as gguf.Value has them.
type FileValue interface {
	Int() (int64, bool)
	Float() (float64, bool)
	Str() (string, bool)
	TypeName() string
	String() string
}

// A FileSetting is a setting that a model brings along.
type FileSetting struct {
	Name  string // as the model has it, without "general.sampling."
	Value string
	Given bool  // the user has said otherwise, so that this does not count
	Err   error // why it is left out, nil if it is not
	Part  bool  // only what Err is about is left out
}

// String returns the setting as messages have it.
func (s FileSetting) String() string { return s.Name + " " + s.Value }

// fileKeys are the settings that a model can bring along, by the names that a file, and a
// Modelfile of Ollama's, have for them, and the flags that go before them.
var fileKeys = []struct {
	name, modelfile string // "": it has none
	flags           []string
	set             func(p *Params, v FileValue) error
}{
	{"sequence", "", []string{"samplers", "sampler-seq"}, setSequence},
	{"top_k", "top_k", []string{"top-k"}, setInt(func(p *Params) *int { return &p.TopK })},
	{"top_p", "top_p", []string{"top-p"}, setFloat(func(p *Params) *float32 { return &p.TopP })},
	{"min_p", "min_p", []string{"min-p"}, setFloat(func(p *Params) *float32 { return &p.MinP })},
	{"xtc_probability", "", []string{"xtc-probability"}, setFloat(func(p *Params) *float32 { return &p.XTCProbability })},
	{"xtc_threshold", "", []string{"xtc-threshold"}, setFloat(func(p *Params) *float32 { return &p.XTCThreshold })},
	{"temp", "temperature", []string{"temp"}, setFloat(func(p *Params) *float32 { return &p.Temp })},
	{"penalty_last_n", "repeat_last_n", []string{"repeat-last-n"}, setInt(func(p *Params) *int { return &p.RepeatLastN })},
	{"penalty_repeat", "repeat_penalty", []string{"repeat-penalty"}, setFloat(func(p *Params) *float32 { return &p.RepeatPenalty })},
	{"mirostat", "mirostat", []string{"mirostat"}, setInt(func(p *Params) *int { return &p.Mirostat })},
	{"mirostat_tau", "mirostat_tau", []string{"mirostat-ent"}, setFloat(func(p *Params) *float32 { return &p.MirostatTau })},
	{"mirostat_eta", "mirostat_eta", []string{"mirostat-lr"}, setFloat(func(p *Params) *float32 { return &p.MirostatEta })},
	{"", "typical_p", []string{"typical-p"}, setFloat(func(p *Params) *float32 { return &p.TypicalP })},
	{"", "presence_penalty", []string{"presence-penalty"}, setFloat(func(p *Params) *float32 { return &p.PresencePenalty })},
	{"", "frequency_penalty", []string{"frequency-penalty"}, setFloat(func(p *Params) *float32 { return &p.FrequencyPenalty })},
	{"", "seed", []string{"seed"}, setSeed},
}

// FromFile puts the settings of a model's file, whose metadata value returns by key, into
// p and returns all that there are. What the user has given stays: given is asked with
// the names of the settings' flags. A value that p cannot take leaves p as it is.
func (p *Params) FromFile(value func(key string) (FileValue, bool), given func(flag string) bool) (list []FileSetting) {
	for i, k := range fileKeys {
		if v, ok := value(keyPrefix + k.name); ok && k.name != "" {
			list = append(list, p.fromModel(i, k.name, v, given))
		}
	}
	return list
}

// FromModelfile is FromFile for the parameters of a Modelfile, by Ollama's names.
func (p *Params) FromModelfile(value func(name string) (FileValue, bool), given func(flag string) bool) (list []FileSetting) {
	for i, k := range fileKeys {
		if v, ok := value(k.modelfile); ok && k.modelfile != "" {
			list = append(list, p.fromModel(i, k.modelfile, v, given))
		}
	}
	return list
}

// fromModel takes the value of fileKeys[i].
func (p *Params) fromModel(i int, name string, v FileValue, given func(flag string) bool) FileSetting {
	s := FileSetting{Name: name, Value: v.String()}
	for _, flag := range fileKeys[i].flags {
		s.Given = s.Given || given(flag)
	}
	changed := *p
	s.Err = fileKeys[i].set(&changed, v)
	var unknown *unknownSampler
	s.Part = errors.As(s.Err, &unknown) && unknown.among
	if s.Err == nil {
		changed.LogitBias = nil // needs a vocabulary
		s.Err = changed.check(1)
	}
	if (s.Err == nil || s.Part) && !s.Given {
		changed.LogitBias = p.LogitBias
		*p = changed
	}
	return s
}

// number returns what v has of a number: some files have their settings as text.
func number(v FileValue) (int64, float64, bool) {
	if text, ok := v.Str(); ok {
		x, err := strconv.ParseFloat(strings.TrimSpace(text), 64)
		if err != nil {
			return 0, 0, false
		}
		return int64(x), x, true
	}
	x, ok := v.Float()
	n, _ := v.Int()
	return n, x, ok
}

func setInt(field func(p *Params) *int) func(p *Params, v FileValue) error {
	return func(p *Params, v FileValue) error {
		n, x, ok := number(v)
		if !ok || float64(int32(x)) != x || int64(int32(n)) != n {
			return fmt.Errorf("sampler: %s, want an integer of 32 bits", v.TypeName())
		}
		*field(p) = int(n)
		return nil
	}
}

func setFloat(field func(p *Params) *float32) func(p *Params, v FileValue) error {
	return func(p *Params, v FileValue) error {
		_, x, ok := number(v)
		if !ok {
			return fmt.Errorf("sampler: %s, want a number", v.TypeName())
		}
		*field(p) = float32(x)
		return nil
	}
}

// setSeed reads a seed; what is negative asks for a random one.
func setSeed(p *Params, v FileValue) error {
	n, x, ok := number(v)
	if !ok || float64(n) != x || n >= RandomSeed {
		return fmt.Errorf("sampler: %s, want a whole number below 2^32", v.TypeName())
	}
	if p.Seed = RandomSeed; n >= 0 {
		p.Seed = uint32(n)
	}
	return nil
}

// setSequence reads a chain, by names divided by semicolons or by letters. Of names it takes
// those that are known; without any it leaves the chain alone.
func setSequence(p *Params, v FileValue) error {
	text, ok := v.Str()
	if !ok {
		return fmt.Errorf("sampler: %s, want a string", v.TypeName())
	}
	if strings.TrimSpace(text) == "" {
		return nil
	}
	chain, err := ParseSamplers(text)
	if err != nil && !strings.Contains(text, ";") {
		if letters, lettersErr := ParseSequence(strings.TrimSpace(text)); lettersErr == nil {
			chain, err = letters, nil
		}
	}
	if err == nil || len(chain) > 0 {
		p.Samplers = chain
	}
	return err
}
