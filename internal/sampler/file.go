package sampler

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
)

// keyPrefix is the prefix of the keys of a model's own settings. Converters
// take these settings from the generation_config.json of the model's maker.
const keyPrefix = "general.sampling."

// FileValue is a value of a model's metadata, such as a gguf.Value.
type FileValue interface {
	Int() (int64, bool)
	Float() (float64, bool)
	Str() (string, bool)
	TypeName() string
	String() string
}

// A FileSetting is a setting from a model's file.
type FileSetting struct {
	Name  string // as in the file, without "general.sampling."
	Value string
	Given bool  // the user has set it, so the file's value is ignored
	Err   error // why the value is ignored; nil: it is valid
	Part  bool  // only the part that Err names is ignored
}

// String returns the setting for messages: its name and value.
func (s FileSetting) String() string { return s.Name + " " + s.Value }

// fileKeys are the settings that a model's file can have. Each has its names in
// GGUF and in Ollama's Modelfile, and the command-line flags that override it.
var fileKeys = []struct {
	name, modelfile string // "": the format does not have this setting
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

// FromFile sets p to the settings of a model's file and returns all settings in the file.
// The function value returns the file's metadata by key. The function given reports whether
// the user has set a flag, which overrides the file. An invalid value does not change p.
func (p *Params) FromFile(value func(key string) (FileValue, bool), given func(flag string) bool) (list []FileSetting) {
	for i, k := range fileKeys {
		if v, ok := value(keyPrefix + k.name); ok && k.name != "" {
			list = append(list, p.fromModel(i, k.name, v, given))
		}
	}
	return list
}

// FromModelfile does what FromFile does, for the parameters of a
// Modelfile. The function value returns them by Ollama's names.
func (p *Params) FromModelfile(value func(name string) (FileValue, bool), given func(flag string) bool) (list []FileSetting) {
	for i, k := range fileKeys {
		if v, ok := value(k.modelfile); ok && k.modelfile != "" {
			list = append(list, p.fromModel(i, k.modelfile, v, given))
		}
	}
	return list
}

// fromModel sets p to the value v of setting fileKeys[i], which the file calls name.
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
		changed.LogitBias = nil // biases cannot be checked without a vocabulary
		s.Err = changed.check(1)
	}
	if (s.Err == nil || s.Part) && !s.Given {
		changed.LogitBias = p.LogitBias
		*p = changed
	}
	return s
}

// number returns v as an integer and as a float. Some files have numbers as text.
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

// setSeed reads a seed. A negative number stands for a random seed.
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

// setSequence reads a chain: names separated by semicolons, or letters. If some names are
// unknown, it returns an error and sets the chain to the known names. If no name is known, it
// does not change the chain.
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
