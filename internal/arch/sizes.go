package arch

// Dim is a size that shapes are made of.
type Dim int

const (
	One           Dim = iota // no dimension at all
	Vocab                    // rows of the embedding
	Embd                     // embedding_length
	FFN                      // feed_forward_length
	Q                        // all query heads
	K                        // keys of all key heads
	V                        // values of all key heads
	Heads                    // values for all query heads: what attention gives
	Key                      // one head of queries or keys
	Experts                  // expert_count
	QKV                      // Q, K and V together
	FFN2                     // twice FFN
	FFNExpert                // expert_feed_forward_length
	FFNExpert2               // twice that
	FFNShared                // expert_shared_feed_forward_length
	Single                   // a matrix of one row
	Embd3                    // three times Embd
	Taps                     // positions of a convolution
	Q2                       // twice Q: queries with their gates
	DeltaChannels            // queries, keys and values of a gated delta rule
	DeltaInner               // all values of it
	DeltaHeads               // heads of values
	DeltaValue               // one head of values
	QueryHeads               // a number of each query head
	RopePairs                // pairs of a head that turn
	LayerInput               // embedding_length_per_layer_input
	AllInputs                // that of all layers
)

// Sizes are the numbers behind the dimensions, of a model and one of its layers.
type Sizes struct {
	VocabSize  int
	Dim        int
	FFNDim     int
	NumHeads   int // of queries
	NumKVHeads int
	KeyDim     int
	ValueDim   int
	NumExperts int // 0: none
	ExpertFFN  int // inner elements of an expert
	SharedFFN  int // of the expert that all tokens use
	RopeDim    int // elements of a head that turn
	Taps       int // positions of a layer's convolution; 0: it has attention
	LayerInput int // elements of a layer's own input; 0: there is none
	AllInputs  int // that of all layers

	SharedKV bool // the layer uses keys and values of an earlier one

	Delta                                   bool // the layer has a gated delta rule
	SSMState, SSMGroups, SSMHeads, SSMInner int  // elements of its key heads, their number, heads of values, and their elements in all
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
