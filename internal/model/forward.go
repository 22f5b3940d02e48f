package model

import "alpaca/internal/quant"

// forward evaluates n tokens that follow those in the cache, and returns the
// hidden states [wanted, Dim] of the last ones, wanted of them: 0 to n. It is
// the whole of a LLaMA, save for the embedding's way back to words (logits).
//
// Everything a token needs to know of those before it, it reads from the cache
// of keys and values. That is why a prompt may be cut into batches anywhere.
func (s *Session) forward(tokens []int32, wanted int) ([]float32, error) {
	c, w := &s.model.Config, s.model.Weights
	n, pos := len(tokens), len(s.tokens)
	h := s.buf.hidden[:n*c.Dim]          // [n, Dim] the state of each token, to which every step adds
	q := s.buf.q[:n*c.NumHeads*c.KeyDim] // [n, NumHeads*KeyDim]
	k := s.buf.k[:n*c.NumKVHeads*c.KeyDim]
	v := s.buf.v[:n*c.NumKVHeads*c.ValueDim]
	attn := s.buf.attn[:n*c.NumHeads*c.ValueDim] // [n, NumHeads*ValueDim], often the same memory as q

	// A token starts as its row of the embedding: what the word means by itself.
	for i, id := range tokens {
		quant.Decode(w.TokenEmbed.Type, h[i*c.Dim:(i+1)*c.Dim], w.TokenEmbed.Row(int(id)))
	}
	s.setAngles(pos, n)
	s.cache.grow(pos + n)

	for i := range w.Layers {
		l := &w.Layers[i]

		// Attention: each token asks (q) what the tokens up to it offer (k),
		// and takes a mean of what they say (v), head by head.
		s.prepare(h, l.AttnNorm, &l.AttnQ, &l.AttnK, &l.AttnV) // x = RMSNorm(h) [n, Dim]
		s.products(
			product{&l.AttnQ, q},
			product{&l.AttnK, k},
			product{&l.AttnV, v})
		s.storeKV(i, pos, n, q, k, v) // turn q and k to their positions; k and v to the cache

		// In the last layer what follows matters only for the wanted tokens.
		if i == len(w.Layers)-1 {
			skip := n - wanted
			h, q, attn = h[skip*c.Dim:], q[skip*c.NumHeads*c.KeyDim:], attn[skip*c.NumHeads*c.ValueDim:]
			pos, n = pos+skip, wanted
			if n == 0 {
				break
			}
		}
		s.attend(pos, n, q, attn)            // [n, NumHeads*ValueDim]
		s.prepare(attn, nil, &l.AttnOut)     //
		s.addProduct(product{&l.AttnOut, h}) // h += AttnOut·attn

		// Feed-forward: each token by itself thinks over what it has gathered.
		if c.NumExperts > 0 {
			s.experts(l, h)
		} else {
			ffn := s.buf.ffn[:n*c.FFNDim]
			s.prepare(h, l.FFNNorm, &l.FFN.Gate, &l.FFN.Up) // x = RMSNorm(h) [n, Dim]
			s.gate(&l.FFN, ffn)                             // silu(Gate·x) * (Up·x) [n, FFNDim]
			s.prepare(ffn, nil, &l.FFN.Down)                //
			s.addProduct(product{&l.FFN.Down, h})           // h += Down·ffn
		}
		if s.err != nil {
			return nil, s.err
		}
	}
	return h, s.err
}

// logits sets out [rows, VocabSize] to what the hidden states h [rows, Dim] say
// about the next token.
func (s *Session) logits(out, h []float32) error {
	w := s.model.Weights
	s.prepare(h, w.OutputNorm, &w.Output)
	s.products(product{&w.Output, out})
	return s.err
}
