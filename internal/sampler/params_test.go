package sampler

import (
	"math"
	"reflect"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestParamsOutOfRange(t *testing.T) {
	nan := float32(math.NaN())
	tests := []struct {
		want   string
		change func(*Params)
	}{
		{"sampler: top_p 1.5: must be between 0 and 1", func(p *Params) { p.TopP = 1.5 }},
		{"sampler: top_p -0.1: must be between 0 and 1", func(p *Params) { p.TopP = -0.1 }},
		{"sampler: min_p NaN: must be between 0 and 1", func(p *Params) { p.MinP = nan }},
		{"sampler: typical_p 2: must be between 0 and 1", func(p *Params) { p.TypicalP = 2 }},
		{"sampler: temperature NaN: must be a finite number", func(p *Params) { p.Temp = nan }},
		{"sampler: temperature +Inf: must be a finite number", func(p *Params) { p.Temp = float32(math.Inf(1)) }},
		{"sampler: dynatemp_range -1: must be a finite number of at least 0", func(p *Params) { p.DynTempRange = -1 }},
		{"sampler: repeat_penalty 0: must be a finite number above 0", func(p *Params) { p.RepeatPenalty = 0 }},
		{"sampler: dry_base 0.5: must be a finite number of at least 1", func(p *Params) { p.DRYBase = 0.5 }},
		{"sampler: dry_multiplier -1: must be a finite number of at least 0", func(p *Params) { p.DRYMultiplier = -1 }},
		{"sampler: xtc_probability 2: must be between 0 and 1", func(p *Params) { p.XTCProbability = 2 }},
		{"sampler: mirostat 3: must be between 0 and 2", func(p *Params) { p.Mirostat = 3 }},
		{"sampler: repeat_last_n -2: must be between -1 and 2147483647", func(p *Params) { p.RepeatLastN = -2 }},
		{"sampler: min_keep -1: must be between 0 and 2147483647", func(p *Params) { p.MinKeep = -1 }},
		{"sampler: dry_sequence_breaker 1 is empty", func(p *Params) { p.DRYBreakers = []string{"a", ""} }},
		{"sampler: logit_bias: token 9 is not in the vocabulary of 9",
			func(p *Params) { p.LogitBias = map[int32]float32{9: 1} }},
		{"sampler: logit_bias: NaN for token 2: must be a number or -Inf",
			func(p *Params) { p.LogitBias = map[int32]float32{2: nan} }},
		{`sampler: unknown sampler "topk": the samplers are ` + JoinSamplers(DefaultSamplers()),
			func(p *Params) { p.Samplers = []Name{"topk"} }},
	}
	for _, tt := range tests {
		t.Run(tt.want, func(t *testing.T) {
			p := DefaultParams()
			tt.change(&p)
			_, err := New(p, Vocab{N: 9})
			require.EqualError(t, err, tt.want)
		})
	}
	_, err := New(DefaultParams(), Vocab{})
	require.EqualError(t, err, "sampler: a vocabulary of 0 tokens")
	_, err = New(DefaultParams(), Vocab{N: 2, EOG: []int32{2}})
	require.EqualError(t, err, "sampler: end-of-text token 2 is not in the vocabulary of 2")
}

// TestDefaultChain compares the default chain with llama.cpp's.
func TestDefaultChain(t *testing.T) {
	const added = "a sampler that was added must be off by default, so that answers stay those of llama.cpp; then add it to this test, and to the chain in docs/run.md and sampler.go"
	require.Equal(t, "penalties;dry;top_n_sigma;top_k;typ_p;top_p;min_p;xtc;temperature", JoinSamplers(DefaultSamplers()), added)
	require.Equal(t, "edskypmxt", DefaultSequence(), added)
}

// TestEveryNumberIsChecked checks that Numbers knows each number of Params, and that each sampler
// has a case in newLink.
func TestEveryNumberIsChecked(t *testing.T) {
	on := DefaultParams()
	for i := range reflect.TypeFor[Params]().NumField() {
		name := reflect.TypeFor[Params]().Field(i).Name
		p := DefaultParams()
		switch field, chosen := reflect.ValueOf(&p).Elem().Field(i), reflect.ValueOf(&on).Elem().Field(i); field.Kind() {
		case reflect.Float32:
			chosen.SetFloat(0.5)
			field.SetFloat(math.NaN())
			require.Error(t, p.check(9), "%s may be NaN: it is missing in Numbers (params.go)", name)
		case reflect.Int:
			chosen.SetInt(2)
			if name == "TopK" { // every number is valid
				continue
			}
			field.SetInt(-9)
			require.Error(t, p.check(9), "%s may be -9: it is missing in Numbers (params.go)", name)
		}
	}
	for _, name := range DefaultSamplers() {
		require.NotNil(t, newLink(name, &on, Vocab{N: 9}), "%s does nothing with any settings: its case is missing in newLink (chain.go)", name)
	}
}

func TestParseSamplers(t *testing.T) {
	tests := []struct {
		list string
		want []Name
	}{
		{JoinSamplers(DefaultSamplers()), DefaultSamplers()},
		{" Top-K ; temp;nucleus;typical-p ", []Name{TopK, Temperature, TopP, Typical}},
		{"top_k;top_k", []Name{TopK, TopK}},
		{"", []Name{}},
	}
	for _, tt := range tests {
		got, err := ParseSamplers(tt.list)
		require.NoError(t, err)
		require.Equal(t, tt.want, got, "%q", tt.list)
	}
	for _, bad := range []string{"top_k;", "top_q", ";"} {
		_, err := ParseSamplers(bad)
		require.ErrorContains(t, err, "unknown sampler", "%q", bad)
	}
}

func TestParseSequence(t *testing.T) {
	got, err := ParseSequence("edkypmxt")
	require.NoError(t, err)
	require.Equal(t, []Name{Penalties, DRY, TopK, Typical, TopP, MinP, XTC, Temperature}, got)
	got, err = ParseSequence(DefaultSequence())
	require.NoError(t, err)
	require.Equal(t, DefaultSamplers(), got)
	_, err = ParseSequence("kz")
	require.EqualError(t, err, "sampler: unknown sampler letter 'z': the letters are "+DefaultSequence())
}

func TestParseLogitBias(t *testing.T) {
	for text, want := range map[string]struct {
		id   int32
		bias float32
	}{
		"15043+1.5": {15043, 1.5}, "13-0.5": {13, -0.5}, "2-inf": {2, float32(math.Inf(-1))}, "0+0": {0, 0},
	} {
		id, bias, err := ParseLogitBias(text)
		require.NoError(t, err)
		require.Equal(t, want.id, id)
		require.Equal(t, want.bias, bias)
	}
	for _, bad := range []string{"", "5", "+1", "x+1", "5+", "5+x", "5+nan", "5+inf", "99999999999+1"} {
		_, _, err := ParseLogitBias(bad)
		require.ErrorContains(t, err, "sampler: logit bias", "%q", bad)
	}
}
