package peft

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
)

// ConfigName is the name of the file that every folder with an adapter has.
const ConfigName = "adapter_config.json"

// maxConfig is the largest size of the file ConfigName, in bytes.
const maxConfig = 16 << 20

// config has the keys of adapter_config.json that determine what the tensors mean.
type config struct {
	Base    string   // base_model_name_or_path
	rank    int      // r
	alpha   float64  // lora_alpha
	stable  bool     // use_rslora: the scale is alpha/sqrt(rank), not alpha/rank
	ranks   patterns // rank_pattern
	alphas  patterns // alpha_pattern
	tied    bool     // ensure_weight_tying: if the output is tied, changes of the embedding apply to the output, too
	targets []string // target_parameters
}

// ignored has keys that only describe how the adapter was
// trained, and keys that only repeat what the tensors show.
var ignored = []string{
	"auto_mapping", "base_model_name_or_path", "base_model_class", "parent_library", "revision", "task_type", "inference_mode", "peft_type", "peft_version",
	"lora_dropout", "fan_in_fan_out", // peft itself turns fan_in_fan_out off for the layers of the models supported here
	"megatron_config", "megatron_core", "qalora_group_size", "runtime_config",
	"target_modules", "exclude_modules", "layers_pattern", "layers_to_transform", "modules_to_save",
	"eva_config", "loftq_config", "corda_config", "lora_ga_config", // settings of init_lora_weights
}

// refused has the keys that change the meaning of the tensors
// in unsupported ways. The values describe these ways.
var refused = map[string]string{
	"use_dora":                "the directions of whole matrices are scaled anew (DoRA)",
	"lora_bias":               "the adapters have biases",
	"alora_invocation_tokens": "the adapter takes effect only after certain tokens (aLoRA)",
	"layer_replication":       "layers of the model are used several times",
	"trainable_token_indices": "single rows of the embedding were trained",
	"use_qalora":              "the adapters read means of their inputs (QALoRA)",
	"use_bdlora":              "the adapters are block-diagonal (BD-LoRA)",
	"velora_config":           "VeLoRA",
	"kasa_config":             "KaSA",
	"monteclora_config":       "MonteCLoRA",
	"arrow_config":            "a router chooses among adapters (Arrow)",
}

// plainInits are the values of init_lora_weights that leave the base unchanged. With
// other values, peft changes the base when it loads the adapter.
var plainInits = []string{"true", "false", "null", `"gaussian"`, `"orthogonal"`, `"eva"`, `"lora_ga"`}

// readConfig reads adapter_config.json in a folder.
func readConfig(dir string) (*config, error) {
	raw, err := readLimited(filepath.Join(dir, ConfigName), maxConfig)
	if err != nil {
		return nil, err
	}
	c, err := parseConfig(raw)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", ConfigName, err)
	}
	return c, nil
}

// readLimited reads a file. It returns an error if the file has more than limit bytes.
func readLimited(path string, limit int64) ([]byte, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	raw, err := io.ReadAll(io.LimitReader(f, limit+1))
	if err == nil && int64(len(raw)) > limit {
		err = fmt.Errorf("%s: more than %d bytes", path, limit)
	}
	return raw, err
}

// parseConfig parses a config. An unknown key with a value that is not empty is an error,
// because it may change what the tensors mean.
func parseConfig(raw []byte) (*config, error) {
	var keys map[string]json.RawMessage
	if err := json.Unmarshal(raw, &keys); err != nil {
		return nil, err
	}
	if keys == nil {
		return nil, errors.New("it is not a JSON object")
	}
	if kind := text(keys["peft_type"]); kind != "LORA" {
		return nil, fmt.Errorf("peft_type is %q: only LORA is supported", kind)
	}
	c := &config{Base: text(keys["base_model_name_or_path"]), rank: 8, alpha: 8}
	names := make([]string, 0, len(keys))
	for name := range keys {
		names = append(names, name)
	}
	slices.Sort(names) // so that the same file gives the same error
	for _, name := range names {
		if err := c.take(name, bytes.TrimSpace(keys[name])); err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
	}
	return c, nil
}

// take stores the value of a key.
func (c *config) take(name string, raw json.RawMessage) (err error) {
	switch why := refused[name]; {
	case slices.Contains(ignored, name) || raw == nil:
	case name == "r":
		if err = json.Unmarshal(raw, &c.rank); err == nil && (c.rank < 1 || c.rank > 1<<20) {
			err = fmt.Errorf("%d, must be positive", c.rank)
		}
	case name == "lora_alpha":
		if err = json.Unmarshal(raw, &c.alpha); err == nil && math.Abs(c.alpha) > math.MaxFloat32 {
			err = fmt.Errorf("%v is too large", c.alpha)
		}
	case name == "use_rslora":
		err = json.Unmarshal(raw, &c.stable)
	case name == "ensure_weight_tying":
		err = json.Unmarshal(raw, &c.tied)
	case name == "rank_pattern":
		c.ranks, err = parsePatterns(raw)
	case name == "alpha_pattern":
		c.alphas, err = parsePatterns(raw)
	case name == "target_parameters":
		err = json.Unmarshal(raw, &c.targets)
	case name == "bias":
		if bias := text(raw); bias != "none" && !empty(raw) {
			err = fmt.Errorf("%q: biases of the model were trained, which is not supported", bias)
		}
	case name == "init_lora_weights":
		if !slices.Contains(plainInits, string(raw)) {
			err = fmt.Errorf("%s: this initialization changes the base model, which is not supported; peft can save such an adapter as a plain adapter (path_initial_model_for_weight_conversion)", raw)
		}
	case empty(raw):
	case why != "":
		err = fmt.Errorf("%s, which is not supported", why)
	default:
		err = errors.New("this key is not known; it may change what the adapter means")
	}
	return err
}

// text returns a JSON string, or "" for anything else.
func text(raw json.RawMessage) (s string) {
	json.Unmarshal(raw, &s)
	return s
}

// empty reports whether a value is null, false, zero or empty.
func empty(raw json.RawMessage) bool {
	var buf bytes.Buffer
	if json.Compact(&buf, raw) != nil {
		return false
	}
	return slices.Contains([]string{"null", "false", "0", `""`, "{}", "[]"}, buf.String())
}

// patterns has values for modules. A module gets the value of the first pattern that matches its
// name.
type patterns []pattern

type pattern struct {
	name  *regexp.Regexp
	value float64
}

// parsePatterns parses an object of regular expressions and numbers.
func parsePatterns(raw json.RawMessage) (list patterns, err error) {
	if empty(raw) {
		return nil, nil
	}
	d := json.NewDecoder(bytes.NewReader(raw))
	if t, err := d.Token(); err != nil || t != json.Delim('{') {
		return nil, fmt.Errorf("must be an object of names and numbers")
	}
	for d.More() {
		key, err := d.Token()
		if err != nil {
			return nil, err
		}
		var p pattern
		if err := d.Decode(&p.value); err != nil {
			return nil, fmt.Errorf("%q: must be a number", key)
		}
		// As in peft, an expression matches the last parts of a module's name. Syntax
		// that only Python has, such as lookahead, is an error.
		if p.name, err = regexp.Compile(fmt.Sprintf(`\A(?:.*\.)?(?:%s)\z`, key)); err != nil {
			return nil, fmt.Errorf("%q is not a supported regular expression: %w", key, err)
		}
		list = append(list, p)
	}
	return list, nil
}

// of returns the value of the first pattern that matches module.
// If no pattern matches, it returns the default value, usual.
func (l patterns) of(module string, usual float64) float64 {
	for _, p := range l {
		if p.name.MatchString(module) {
			return p.value
		}
	}
	return usual
}

// scale returns the scale of B·A for a module. rank is the rank of the tensors.
// scale returns an error if the config has another rank for the module.
func (c *config) scale(module string, rank int) (float64, error) {
	if want := c.ranks.of(module, float64(c.rank)); want != float64(rank) {
		return 0, fmt.Errorf("module %q: its adapter has rank %d, but %s says %v", module, rank, ConfigName, want)
	}
	alpha := c.alphas.of(module, c.alpha)
	if c.stable {
		return alpha / math.Sqrt(float64(rank)), nil
	}
	return alpha / float64(rank), nil
}

// BaseOf returns the path or the name of the base model according
// to the config in a folder, or "" if the config has neither.
func BaseOf(dir string) string {
	raw, err := readLimited(filepath.Join(dir, ConfigName), maxConfig)
	if err != nil {
		return ""
	}
	var keys map[string]json.RawMessage
	json.Unmarshal(raw, &keys)
	return strings.TrimSpace(text(keys["base_model_name_or_path"]))
}

// FolderOf returns the folder of an adapter: path itself, or the folder of path if path
// is one of its files. ok is false for other paths.
func FolderOf(path string) (dir string, ok bool) {
	switch filepath.Base(path) {
	case ConfigName, tensorsName, pickleName:
		dir = filepath.Dir(path)
		return dir, IsFolder(dir)
	}
	return path, IsFolder(path)
}

// IsFolder reports whether path is a folder with an adapter.
func IsFolder(path string) bool {
	st, err := os.Stat(filepath.Join(path, ConfigName))
	return err == nil && st.Mode().IsRegular()
}
