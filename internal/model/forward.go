package model

import (
	"context"

	"alpaca/internal/ggml/vec"
	"alpaca/internal/quant"
)

// forward evaluates the rows of a batch, and sets r.hidden [wanted, Dim] to
// the hidden states of the rows whose logits are wanted. This is all that a
// LLaMA computes, except for the logits, which the method logits computes.
//
// A row depends on other rows only through the earlier positions of its own text,
// whose keys and values it reads from the cache. So a prompt may be divided into
// batches at any token, and rows of different texts do not affect each other.
// Cancelling ctx between two layers costs only the time for evaluating the rows again.
//
// The steps are methods in steps.go. After a step has failed, all later steps do nothing.
func (r *Runner) forward(ctx context.Context, b *Batch) error {
	c, w := &r.model.Config, r.model.Weights
	n, spans := len(b.tokens), b.spans
	h := r.buf.hidden[:n*c.Dim] // [n, Dim] the hidden state of each row, to which every step adds
	r.setRuns(b)

	// A row starts as its token's row of the embedding matrix.
	for i, id := range b.tokens {
		row := h[i*c.Dim : (i+1)*c.Dim]
		quant.Decode(w.TokenEmbed.Type, row, w.TokenEmbed.Row(int(id)))
		r.adaptEmbedding(row, int(id), i)
		if c.EmbedScale != 0 {
			vec.Scale(row, c.EmbedScale)
		}
	}
	r.layerInputs(b.tokens, h)
	r.setAngles(spans)

	for i := range w.Layers {
		if err := ctx.Err(); err != nil {
			return err
		}
		if i > 0 && b.Progress != nil {
			b.Progress(i)
		}
		l, lc := &w.Layers[i], &c.Layers[i]
		last := i == len(w.Layers)-1
		// mixed is the output of attention, or of the step that this
		// layer has instead. Before attention, mixed is the queries.
		var mixed, gated []float32 // gated: queries with their gates, nil without gates
		out := &l.AttnOut
		switch {
		case lc.Delta: // A gated delta rule keeps the text in a recurrent state.
			mixed, out = r.deltaRows(i, spans, h), &l.Delta.Out
		case lc.Taps > 0:
			// A short convolution mixes each row with the few rows before it, element by element.
			in := r.buf.ffn[:3*n*c.Dim] // [n, 3*Dim]
			mixed, out = r.buf.ffn[3*n*c.Dim:4*n*c.Dim], &l.ConvOut
			r.prepare(h, l.AttnNorm, &l.ConvIn) // x = RMSNorm(h) [n, Dim]
			r.products(product{&l.ConvIn, in})  // in = ConvIn·x
			r.convolve(i, spans, in, mixed)
		default:
			// Attention: in each head, a row compares its query (q) with the keys (k) of its
			// text up to itself, and takes a weighted mean of their values (v).
			q := r.buf.q[:n*lc.NumHeads*lc.KeyDim]   // [n, NumHeads*KeyDim]
			k := r.buf.k[:n*lc.NumKVHeads*lc.KeyDim] // [n, NumKVHeads*KeyDim]
			v := r.buf.v[:n*lc.NumKVHeads*lc.ValueDim]
			queries := q
			if c.GatedQuery {
				gated = r.buf.gated[:2*len(q)] // [n, NumHeads, 2, KeyDim]
				queries = gated
			}
			r.prepare(h, l.AttnNorm, &l.AttnQ, &l.AttnK, &l.AttnV) // x = RMSNorm(h) [n, Dim]
			r.products(
				product{&l.AttnQ, queries}, // q = AttnQ·x
				product{&l.AttnK, k},
				product{&l.AttnV, v})
			switch {
			case lc.KVOf > 0: // the layer uses the keys and values of an earlier layer
				k, v = nil, nil
			case l.AttnV.W.Rows == 0: // values are the keys before their norm and rotation
				copy(v, k)
			}
			if c.GatedQuery {
				splitQueries(gated, q, lc)
			}
			r.normHeads(l, q, k, v, n)
			r.storeKV(i, spans, q, k, v) // rotate q and k to their positions; store k and v in the cache
			mixed = q
		}
		if last {
			// The rest of the last layer is needed for the wanted rows only.
			if n, spans = len(b.wanted), b.last; n == 0 {
				h = nil
				break
			}
			mixed = gather(mixed, b.wanted, len(mixed)/len(b.tokens))
			if gated != nil {
				gated = gather(gated, b.wanted, len(gated)/len(b.tokens))
			}
			h = gather(h, b.wanted, c.Dim)
			r.lora.runs = r.lora.wanted
		}
		if lc.Taps == 0 && !lc.Delta {
			attn := mixed // [n, NumHeads*ValueDim]; uses the memory of q if the shape is the same
			if !r.buf.sameAttn() {
				attn = r.buf.attn[:n*lc.NumHeads*lc.ValueDim]
			}
			r.attend(i, spans, mixed, attn)
			if mixed = attn; gated != nil {
				gateAttention(mixed, gated, lc)
			}
		}
		in, norm := h, l.FFNNorm // the input of the feed-forward network, and the norm of this input
		if l.Parallel() {        // the network reads the same input as attention
			in, norm = r.buf.branch[:len(h)], l.AttnNorm
			copy(in, h)
		}
		r.addProduct(h, out, mixed, l.AttnPostNorm) // h += AttnOut·mixed

		// In the feed-forward network, each row is computed alone.
		if len(l.Experts) > 0 {
			r.experts(l, h)
		} else {
			ffn := r.buf.ffn[:n*lc.FFNDim]                   // [n, FFNDim]; uses the memory of q, k, v and attn
			r.prepare(in, norm, &l.FFN.Gate, &l.FFN.Up)      // x = RMSNorm(h) [n, Dim]
			r.gate(&l.FFN, ffn)                              // ffn = act(Gate·x) * (Up·x)
			r.addProduct(h, &l.FFN.Down, ffn, l.FFNPostNorm) // h += Down·ffn
		}
		var rows []int // which rows of the batch h has; nil: all
		if last {
			rows = b.wanted
		}
		r.useInput(i, rows, h)
		if r.err != nil {
			break
		}
	}
	r.hidden = h
	return r.err
}

// gather returns the given rows of x [n, size]. rows must be in ascending order.
// gather moves the rows together within x, unless they are already adjacent.
func gather(x []float32, rows []int, size int) []float32 {
	x = x[rows[0]*size:]
	for i, row := range rows {
		if at := row - rows[0]; at != i {
			copy(x[i*size:(i+1)*size], x[at*size:(at+1)*size])
		}
	}
	return x[:len(rows)*size]
}

// logits sets out [rows, VocabSize] to the logits of the next token, from the hidden states h
// [rows, Dim].
func (r *Runner) logits(out, h []float32) error {
	w := r.model.Weights
	r.prepare(h, w.OutputNorm, &w.Output)
	r.products(product{&w.Output, out})
	c := &r.model.Config
	if c.LogitScale != 0 && r.err == nil {
		vec.Scale(out, 1/c.LogitScale)
	}
	if c.LogitCap != 0 && r.err == nil {
		r.err = r.cap.Run(r.pool, out, c.LogitCap)
	}
	return r.err
}
