package arch

// Dim is a symbolic size of a dimension.
type Dim int

const (
	One           Dim = iota // no dimension: a vector has One row
	Vocab                    // rows of the embedding
	Embd                     // embedding_length
	FFN                      // feed_forward_length
	Q                        // elements of all query heads
	K                        // elements of all key heads
	V                        // elements of all value heads
	Heads                    // elements of attention's output: ValueDim for each query head
	Key                      // elements of one head of queries or keys
	Experts                  // expert_count
	QKV                      // Q, K and V together
	FFN2                     // twice FFN
	FFNExpert                // expert_feed_forward_length
	FFNExpert2               // twice FFNExpert
	FFNShared                // expert_shared_feed_forward_length
	Single                   // 1, as a dimension
	Embd3                    // three times Embd
	Taps                     // positions of a convolution
	Q2                       // twice Q: queries with their gates
	DeltaChannels            // queries, keys and values of a gated delta rule together
	DeltaInner               // elements of all value heads of a gated delta rule
	DeltaHeads               // number of value heads of a gated delta rule
	DeltaValue               // elements of one value head of a gated delta rule
	QueryHeads               // number of query heads
	KVHeads                  // number of key heads
	RopePairs                // pairs of a head that RoPE rotates
	LayerInput               // embedding_length_per_layer_input
	AllInputs                // LayerInput times the number of layers
)

// Sizes has the size of every dimension, for a model and one of its layers.
type Sizes struct {
	VocabSize  int
	Dim        int
	FFNDim     int
	NumHeads   int // heads of queries
	NumKVHeads int
	KeyDim     int
	ValueDim   int
	NumExperts int // 0: no experts
	ExpertFFN  int // elements of an expert's inner state
	SharedFFN  int // elements of the inner state of the expert that all tokens use
	RopeDim    int // elements of a head that RoPE rotates
	Taps       int // positions of the layer's convolution; 0: it has attention
	LayerInput int // elements of the layer's own input; 0: it has none
	AllInputs  int // LayerInput times the number of layers

	SharedKV bool // the layer uses the keys and values of an earlier layer

	Delta                                   bool // the layer has a gated delta rule
	SSMState, SSMGroups, SSMHeads, SSMInner int  // length of a key head, number of key heads, number of value heads, total length of the value heads
}

// Of returns the size of a dimension.
func (s *Sizes) Of(d Dim) int {
	switch d {
	case One:
		return 1
	case Vocab:
		return s.VocabSize
	case Embd:
		return s.Dim
	case FFN:
		return s.FFNDim
	case Q:
		return s.NumHeads * s.KeyDim
	case K:
		return s.NumKVHeads * s.KeyDim
	case V:
		return s.NumKVHeads * s.ValueDim
	case Heads:
		return s.NumHeads * s.ValueDim
	case Key:
		return s.KeyDim
	case QueryHeads:
		return s.NumHeads
	case KVHeads:
		return s.NumKVHeads
	case Experts:
		return s.NumExperts
	case QKV:
		return s.Of(Q) + s.Of(K) + s.Of(V)
	case FFN2:
		return 2 * s.FFNDim
	case FFNExpert:
		return s.ExpertFFN
	case FFNExpert2:
		return 2 * s.ExpertFFN
	case FFNShared:
		return s.SharedFFN
	case Embd3:
		return 3 * s.Dim
	case Q2:
		return 2 * s.Of(Q)
	case DeltaChannels:
		return 2*s.SSMGroups*s.SSMState + s.SSMInner
	case DeltaInner:
		return s.SSMInner
	case DeltaHeads:
		return s.SSMHeads
	case DeltaValue:
		return s.SSMInner / s.SSMHeads
	case Taps:
		return s.Taps
	case Single:
		return 1
	case LayerInput:
		return s.LayerInput
	case AllInputs:
		return s.AllInputs
	case RopePairs:
		return s.RopeDim / 2
	}
	panic("arch: unknown dimension")
}
