package sampler

import (
	"encoding/binary"
	"math"
	"testing"
)

// FuzzChain checks that Sample never panics, with any settings and logits. Sample must return an
// error, or a token that the model and the biases allow. The same seed must give the same token.
func FuzzChain(f *testing.F) {
	f.Add(DefaultSequence(), uint32(1), uint16(40), []byte{250, 200, 150, 100, 50, 0}, []byte{1, 2, 3, 4, 0, 0, 128, 127, 0, 0, 128, 255})
	f.Add("ty", uint32(2), uint16(0), []byte{0, 0, 0, 0, 0, 0, 0, 0}, []byte{0, 0, 192, 127})
	f.Add("xk", uint32(3), uint16(1), []byte{1, 255, 1, 255, 1, 255, 1, 255, 1, 255, 1, 255, 1, 255, 1, 255, 1, 255, 2}, []byte{255, 255, 127, 127, 255, 255, 127, 255})
	f.Fuzz(func(t *testing.T, seq string, seed uint32, k uint16, settings, data []byte) {
		names, err := ParseSequence(seq)
		if err != nil || len(names) > 20 {
			return
		}
		n := len(data) / 4
		logits := make([]float32, n)
		for i := range logits {
			logits[i] = math.Float32frombits(binary.LittleEndian.Uint32(data[4*i:]))
		}
		p := fuzzParams(settings)
		p.Seed, p.Samplers, p.TopK = seed&0x7fffffff, names, int(k)
		v := Vocab{N: n, EOG: []int32{0}, Piece: func(id int32) string { return string(rune('!' + id%90)) }}
		first, err := New(p, v)
		if err != nil {
			return
		}
		second, _ := New(p, v)
		for range 4 {
			id, err := first.Sample(logits)
			again, _ := second.Sample(logits)
			if err != nil {
				return
			}
			if id != again {
				t.Fatalf("the same seed gave %d and %d", id, again)
			}
			if id < 0 || int(id) >= n || math.IsInf(float64(logits[id]), -1) || p.IgnoreEOS && id == 0 {
				t.Fatalf("token %d of %d", id, n)
			}
			for _, accepted := range []int32{id, int32(seed) % int32(n), id} {
				first.Accept(accepted)
				second.Accept(accepted)
			}
		}
	})
}

// fuzzParams computes each setting from one byte of b. Most settings are in range.
func fuzzParams(b []byte) Params {
	next := func(scale float32) float32 {
		if len(b) == 0 {
			return 0
		}
		v := float32(b[0]) / 255 * scale
		b = b[1:]
		if v == scale/255 { // sometimes an extreme value
			return 1e38
		}
		return v
	}
	p := DefaultParams()
	p.Temp, p.TopP, p.MinP = next(3), next(1), next(1)
	p.TypicalP, p.TopNSigma = next(1), next(4)-1
	p.RepeatPenalty, p.FrequencyPenalty, p.PresencePenalty = next(2)+1e-30, next(4)-2, next(4)-2
	p.RepeatLastN, p.DRYLastN = int(next(8))-1, int(next(8))-1
	p.DRYMultiplier, p.DRYBase, p.DRYAllowedLength = next(2), 1+next(2), int(next(3))
	p.XTCProbability, p.XTCThreshold = next(1), next(0.6)
	p.DynTempRange, p.DynTempExponent = next(2), next(3)
	p.Mirostat, p.MirostatTau, p.MirostatEta = int(next(2.9)), next(9), next(1)
	p.MinKeep, p.IgnoreEOS = int(next(6)), next(1) > 0.5
	if bias := next(1); bias > 0.5 {
		p.LogitBias = map[int32]float32{1: float32(math.Inf(-1)), 0: bias * 1e38}
	}
	return p
}
