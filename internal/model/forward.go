package model

import (
	"context"

	"alpaca/internal/quant"
)

// forward evaluates n tokens that follow those in the cache, and returns the
// hidden states [wanted, Dim] of the last ones, wanted of them: 0 to n. Unless
// nil, progress is told of the layers that are done. This is the whole of a LLaMA,
// save for the way from hidden states to words (logits).
//
// All that a token needs to know of those before it, it reads from the cache of
// keys and values. That is why a prompt may be cut into batches anywhere, and why
// nothing is lost but time if ctx is cancelled between two layers.
//
// The steps are in steps.go; they do nothing once one of them has failed.
func (s *Session) forward(ctx context.Context, tokens []int32, wanted int, progress func(layers int)) ([]float32, error) {
	c, w := &s.model.Config, s.model.Weights
	n, pos := len(tokens), len(s.tokens)
	h := s.buf.hidden[:n*c.Dim] // [n, Dim] the state of each token: every step adds to it

	// A token starts as its row of the embedding: the word, out of context.
	for i, id := range tokens {
		quant.Decode(w.TokenEmbed.Type, h[i*c.Dim:(i+1)*c.Dim], w.TokenEmbed.Row(int(id)))
	}
	s.setAngles(pos, n)
	s.cache.grow(pos + n)

	for i := range w.Layers {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		if i > 0 && progress != nil {
			progress(i)
		}
		l, lc := &w.Layers[i], &c.Layers[i]
		qDim, attnDim := lc.NumHeads*lc.KeyDim, lc.NumHeads*lc.ValueDim
		q := s.buf.q[:n*qDim]                    // [n, NumHeads*KeyDim]
		k := s.buf.k[:n*lc.NumKVHeads*lc.KeyDim] // [n, NumKVHeads*KeyDim]
		v := s.buf.v[:n*lc.NumKVHeads*lc.ValueDim]
		attn := s.buf.attn[:n*attnDim] // [n, NumHeads*ValueDim]; the memory of q where that has the same shape
		ffn := s.buf.ffn[:n*lc.FFNDim] // [n, FFNDim]; the memory of all four

		// Attention: each token asks (q) what the tokens up to it offer (k), and
		// takes a mean of what they say (v), in each head.
		s.prepare(h, l.AttnNorm, &l.AttnQ, &l.AttnK, &l.AttnV) // x = RMSNorm(h) [n, Dim]
		s.products(
			product{&l.AttnQ, q}, // q = AttnQ·x
			product{&l.AttnK, k},
			product{&l.AttnV, v})
		s.normHeads(l, q, k)
		s.storeKV(i, pos, n, q, k, v) // turn q and k to their positions; k, v to the cache
		if i == len(w.Layers)-1 {
			// What follows in the last layer matters for the wanted tokens only.
			skip := n - wanted
			n, pos = wanted, pos+skip
			h, q, attn, ffn = h[skip*c.Dim:], q[skip*qDim:], attn[skip*attnDim:], ffn[:n*lc.FFNDim]
			if n == 0 {
				break
			}
		}
		s.attend(pos, n, q, attn)
		s.addProduct(h, &l.AttnOut, attn) // h += AttnOut·attn

		// Feed-forward: each token thinks over what it has gathered.
		if len(l.Experts) > 0 {
			s.experts(l, h)
		} else {
			s.prepare(h, l.FFNNorm, &l.FFN.Gate, &l.FFN.Up) // x = RMSNorm(h) [n, Dim]
			s.gate(&l.FFN, ffn)                             // ffn = silu(Gate·x) * (Up·x)
			s.addProduct(h, &l.FFN.Down, ffn)               // h += Down·ffn
		}
		if s.err != nil {
			break
		}
	}
	return h, s.err
}

// logits sets out [rows, VocabSize] to what the hidden states h [rows, Dim] say
// about the next token: how likely each is, as the logarithm of its odds.
func (s *Session) logits(out, h []float32) error {
	w := s.model.Weights
	s.prepare(h, w.OutputNorm, &w.Output)
	s.products(product{&w.Output, out})
	return s.err
}
