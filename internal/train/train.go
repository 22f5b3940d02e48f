// Package train trains language models on a CPU: all weights of a model, a new LLaMA, or
// low-rank adapters (LoRA) on a frozen base, which may be quantized. The order of every sum
// is fixed, and each sum is computed by one worker. So the weights have the same bits for any
// number of threads, any size of the micro-batch, and after any interruption. Start reading
// at forward.go, then backward.go and trainer.go.
package train

// real is the precision of a computation: float32 for work, float64 for checking
// gradients.
type real interface{ float32 | float64 }

// None is the label of a position that has no label.
const None = -1

// Batch is a sequence of whole documents that go through the model at once.
type Batch struct {
	Tokens  []int32
	Labels  []int32   // the next token, or None
	Weights []float32 // the weight of each label in the loss
	Pos     []int32   // each token's position in its document
	Row     []uint64  // each token's row: epoch<<32 | index in the epoch
	At      []int32   // each token's position in its row

	docs []document
}

// document is the tokens lo to hi-1 of a batch, which attend only to each other.
type document struct{ lo, hi int }

// Example is one document. Tokens with a weight above 0 are labels.
// The first token is never a label, because no token precedes it.
type Example struct {
	Tokens  []int32
	Weights []float32 // [len(Tokens)] the weight of each token as a label
}

// Add appends a row, which is one document or several. row is the row's number for dropout.
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
