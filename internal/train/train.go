// Package train trains models of the LLaMA family on a CPU: all weights, low-rank
// adapters on a frozen and perhaps quantized base (LoRA), or a new model. Every number is
// defined by the order of its additions, and no sum crosses workers: so the weights are
// the same to the bit for any number of threads, any size of the micro-batch, and after
// any interruption. Start reading at forward.go, then backward.go and trainer.go.
package train

// real is the precision of a computation: float32 for work, float64 for checking
// gradients.
type real interface{ float32 | float64 }

// None stands for the label of a position that has none.
const None = -1

// Batch is whole sequences of tokens, one after the other: what goes through the model at
// once.
type Batch struct {
	Tokens  []int32
	Labels  []int32   // the token that follows, or None
	Weights []float32 // of the labels in the loss
	Pos     []int32   // position within its document
	Row     []uint64  // which row of the epoch a token belongs to, and
	At      []int32   // its place there

	docs []document
}

// document is tokens lo to hi-1, which see each other only.
type document struct{ lo, hi int }

// Example is one document: what is predicted has a weight above 0. The first token has
// nothing to be predicted from.
type Example struct {
	Tokens  []int32
	Weights []float32 // [len(Tokens)] of each token as a label
}

// Add appends a row of the epoch, which is one document or several.
func (b *Batch) Add(row uint64, examples []Example) {
	at := int32(0)
	for _, e := range examples {
		lo := len(b.Tokens)
		for i, id := range e.Tokens {
			label, weight := int32(None), float32(0)
			if i+1 < len(e.Tokens) && e.Weights[i+1] > 0 {
				label, weight = e.Tokens[i+1], e.Weights[i+1]
			}
			b.Tokens = append(b.Tokens, id)
			b.Labels = append(b.Labels, label)
			b.Weights = append(b.Weights, weight)
			b.Pos = append(b.Pos, int32(i))
			b.Row = append(b.Row, row)
			b.At = append(b.At, at)
			at++
		}
		b.docs = append(b.docs, document{lo, len(b.Tokens)})
	}
}

// Reset empties b.
func (b *Batch) Reset() {
	*b = Batch{Tokens: b.Tokens[:0], Labels: b.Labels[:0], Weights: b.Weights[:0], Pos: b.Pos[:0], Row: b.Row[:0], At: b.At[:0], docs: b.docs[:0]}
}

// Len returns the number of tokens.
func (b *Batch) Len() int { return len(b.Tokens) }

// Weight returns the sum of the weights of an example's labels, and their number.
func (e *Example) Weight() (sum float64, labels int) {
	for _, w := range e.Weights[min(1, len(e.Weights)):] {
		if w > 0 {
			sum += float64(w)
			labels++
		}
	}
	return sum, labels
}
