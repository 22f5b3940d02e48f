package card

import (
	"fmt"

	"alpaca/internal/checkpoint/config"
	"alpaca/internal/gguf"
)

// samplingKeys are the keys of sampling settings, with their names in
// generation_config.json.
var samplingKeys = []struct {
	key   string
	names []string
	whole bool
}{
	{"top_k", []string{"top_k"}, true},
	{"top_p", []string{"top_p"}, false},
	{"min_p", []string{"min_p"}, false},
	{"xtc_probability", []string{"xtc_probability"}, false},
	{"xtc_threshold", []string{"xtc_threshold"}, false},
	{"temp", []string{"temperature"}, false},
	{"penalty_last_n", []string{"penalty_last_n"}, true},
	{"penalty_repeat", []string{"penalty_repeat", "repetition_penalty"}, false},
	{"mirostat", []string{"mirostat"}, true},
	{"mirostat_tau", []string{"mirostat_tau"}, false},
	{"mirostat_eta", []string{"mirostat_eta"}, false},
}

// sampling returns the keys of general.sampling.
func sampling(o config.Object) (kv []gguf.KV) {
	const prefix = "general.sampling."
	if o.IsText("sequence") {
		kv = append(kv, gguf.KV{Key: prefix + "sequence", Value: gguf.Str(o.Text("sequence"))})
	}
	for _, k := range samplingKeys {
		name := o.First(k.names...)
		if name == "" || !o.IsNumber(name) {
			continue
		}
		v := gguf.F32(float32(o.Float(name, 0)))
		if k.whole {
			v = gguf.I32(int32(o.Float(name, 0)))
		}
		kv = append(kv, gguf.KV{Key: prefix + k.key, Value: v})
	}
	return kv
}

// textKeys are the keys with a text, in the order of the reference converter.
var textKeys = []string{
	"name", "author", "version", "organization", "finetune", "basename", "description", "size_label",
	"license", "license.name", "license.link", "source.url", "source.doi", "source.uuid", "source.repo_url",
}

// keys returns the keys for the facts.
func (f *facts) keys() (kv []gguf.KV) {
	add := func(key string, v gguf.Value) { kv = append(kv, gguf.KV{Key: "general." + key, Value: v}) }
	for _, key := range textKeys {
		if text := f.text[key]; text != "" {
			add(key, gguf.Str(text))
		}
	}
	for _, group := range []struct {
		name string
		list []origin
	}{{"base_model", f.base}, {"dataset", f.data}} {
		if len(group.list) == 0 {
			continue
		}
		add(group.name+".count", gguf.U32(uint32(len(group.list))))
		for i, o := range group.list {
			for _, e := range []struct{ key, text string }{
				{"name", o.name}, {"version", o.version}, {"organization", o.organization}, {"repo_url", o.url},
			} {
				if e.text != "" {
					add(fmt.Sprintf("%s.%d.%s", group.name, i, e.key), gguf.Str(e.text))
				}
			}
		}
	}
	for _, key := range []string{"tags", "languages"} {
		if list := f.list[key]; len(list) > 0 {
			add(key, gguf.Strs(list))
		}
	}
	return kv
}
