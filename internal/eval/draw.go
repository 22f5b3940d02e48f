package eval

import "slices"

// Drawing is a way to draw some questions out of many. They are those of
// llama-perplexity, so that its scores of a part of a benchmark and ours are of
// the same questions: with the seed 1, which it always takes.
type Drawing int

// Ways to draw.
const (
	DrawMultiple  Drawing = iota // as for WinoGrande and multiple choice
	DrawHellaSwag                // as for HellaSwag, built with GCC 11 or later
)

// Select returns n of the questions, drawn by a seed, or all of them in their
// order where there are no more.
func Select(questions []Question, n int, how Drawing, seed uint32) []Question {
	if n <= 0 || n >= len(questions) {
		return questions
	}
	left := slices.Clone(questions)
	rng := newMersenne(seed)
	chosen := make([]Question, n)
	for i := range chosen {
		if how == DrawHellaSwag {
			at := rng.below(uint32(len(left)))
			chosen[i] = left[at]
			left = slices.Delete(left, at, at+1)
			continue
		}
		// In float32, whose rounding may lead one too far.
		at := int(float32(float32(rng.next())*(1.0/(1<<32))) * float32(len(left)))
		at = min(at, len(left)-1)
		chosen[i] = left[at]
		left[at] = left[len(left)-1]
		left = left[:len(left)-1]
	}
	return chosen
}

// mersenne is the random number generator MT19937 of M. Matsumoto and
// T. Nishimura, "Mersenne Twister: A 623-dimensionally equidistributed uniform
// pseudorandom number generator", 1998; C++ has it as std::mt19937.
type mersenne struct {
	state [624]uint32
	at    int
}

// newMersenne returns a generator in the state that C++ gives it for a seed.
func newMersenne(seed uint32) *mersenne {
	m := &mersenne{at: len(mersenne{}.state)}
	m.state[0] = seed
	for i := 1; i < len(m.state); i++ {
		before := m.state[i-1]
		m.state[i] = 1812433253*(before^before>>30) + uint32(i)
	}
	return m
}

// next returns the next number.
func (m *mersenne) next() uint32 {
	const n, shift = len(m.state), 397
	if m.at == n {
		for i := range m.state {
			y := m.state[i]&(1<<31) | m.state[(i+1)%n]&(1<<31-1)
			m.state[i] = m.state[(i+shift)%n] ^ y>>1
			if y&1 != 0 {
				m.state[i] ^= 0x9908b0df
			}
		}
		m.at = 0
	}
	y := m.state[m.at]
	m.at++
	y ^= y >> 11
	y ^= y << 7 & 0x9d2c5680
	y ^= y << 15 & 0xefc60000
	return y ^ y>>18
}

// below returns a number from 0 to n-1, every one as likely as the others
// (D. Lemire, "Fast Random Integer Generation in an Interval", 2019), as
// std::uniform_int_distribution of GCC's library does.
func (m *mersenne) below(n uint32) int {
	product := uint64(m.next()) * uint64(n)
	for low := uint32(product); low < n && low < -n%n; low = uint32(product) {
		product = uint64(m.next()) * uint64(n)
	}
	return int(product >> 32)
}
