package model

import (
	"math"

	"alpaca/internal/ggml"
	"alpaca/internal/ggml/vec"
	"alpaca/internal/quant"
)

// LayerInputs are weights that compute an input for each layer and token, in addition to the
// hidden state. Gemma 4's small models have them; the formulas are those of transformers'
// Gemma4TextModel. AllInputs stands for LayerInput times the number of layers.
type LayerInputs struct {
	Tokens Linear    // [VocabSize, AllInputs] per_layer_token_embd, a table with a row for each token
	Proj   Linear    // [AllInputs, Dim] per_layer_model_proj
	Norm   []float32 // [LayerInput] per_layer_proj_norm
}

// layerInputs sets buf.inputs [rows, NumLayers, LayerInput] for the tokens in ids. h
// [rows, Dim] has the embeddings of the tokens, with the scale of the first layer's input:
//
//	(RMSNorm(Proj·h/√Dim) + √LayerInput·Tokens[id]) / √2
func (r *Runner) layerInputs(ids []int32, h []float32) {
	c, w := &r.model.Config, &r.model.Weights.Inputs
	if c.LayerInput == 0 {
		return
	}
	n := c.LayerInput * c.NumLayers
	out := r.buf.inputs[:len(ids)*n]
	r.prepare(h, nil, &w.Proj)
	if r.products(product{&w.Proj, out}); r.err != nil {
		return
	}
	vec.Scale(out, attentionScale(c.Dim))
	if r.err = r.headNorm.Run(r.pool, [3]ggml.NormedHeads{{X: out, W: w.Norm}}); r.err != nil {
		return
	}
	scale, half := float32(math.Sqrt(float64(c.LayerInput))), float32(math.Sqrt(0.5))
	row := r.buf.inputRow
	for i, id := range ids {
		quant.Decode(w.Tokens.W.Type, row, w.Tokens.W.Row(int(id)))
		vec.Scale(row, scale)
		vec.Add(out[i*n:(i+1)*n], row)
	}
	vec.Scale(out, half)
}

// useInput adds the contribution of the layer's own input to h [rows, Dim], and scales h:
//
//	h = (h + RMSNorm(Down·(act(Up·h) * input))) * OutScale
//
// rows says which rows of the batch h has. If rows is nil, h has all rows of the batch.
func (r *Runner) useInput(layer int, rows []int, h []float32) {
	c, l := &r.model.Config, &r.model.Weights.Layers[layer]
	if p := c.LayerInput; p > 0 {
		n := len(h) / c.Dim
		y := r.buf.ffn[:n*p]
		r.prepare(h, nil, &l.Input.Up)
		r.gate(&l.Input, y)
		for i := range n {
			at := i
			if rows != nil {
				at = rows[i]
			}
			for j, x := range r.buf.inputs[(at*c.NumLayers+layer)*p:][:p] {
				y[i*p+j] *= x
			}
		}
		r.addProduct(h, &l.Input.Down, y, l.InputPostNorm)
	}
	if l.OutScale != nil && r.err == nil {
		vec.Scale(h, l.OutScale[0])
	}
}
