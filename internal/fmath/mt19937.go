package fmath

// MT19937 makes random numbers with the 32-bit Mersenne Twister of Matsumoto and Nishimura,
// "Mersenne Twister: a 623-dimensionally equidistributed uniform pseudo-random number generator",
// 1998. C++'s std::mt19937 is the same generator, so a seed gives the same numbers as in llama.cpp.
type MT19937 struct {
	state [624]uint32
	next  int // index of the next word of state to return
}

// NewMT19937 returns a generator that starts from seed.
func NewMT19937(seed uint32) *MT19937 {
	g := &MT19937{}
	g.state[0] = seed
	for i := 1; i < len(g.state); i++ {
		prev := g.state[i-1]
		g.state[i] = 1812433253*(prev^prev>>30) + uint32(i)
	}
	g.next = len(g.state)
	return g
}

// Uint32 returns the next 32 random bits.
func (g *MT19937) Uint32() uint32 {
	if g.next == len(g.state) {
		g.twist()
	}
	y := g.state[g.next]
	g.next++
	y ^= y >> 11
	y ^= y << 7 & 0x9d2c5680
	y ^= y << 15 & 0xefc60000
	return y ^ y>>18
}

// twist computes the next 624 words of state.
func (g *MT19937) twist() {
	const n, m = 624, 397
	for i := range g.state {
		y := g.state[i]&0x80000000 | g.state[(i+1)%n]&0x7fffffff
		v := g.state[(i+m)%n] ^ y>>1
		if y&1 != 0 {
			v ^= 0x9908b0df
		}
		g.state[i] = v
	}
	g.next = 0
}

// Float64 returns a number in [0, 1) made of 64 random bits, as libstdc++'s
// generate_canonical<double, 53> does: the first word is the low one.
func (g *MT19937) Float64() float64 {
	lo, hi := g.Uint32(), g.Uint32()
	// The sum is rounded to 53 bits, so it can reach 2^64.
	u := (float64(lo) + float64(float64(hi)*(1<<32))) / (1 << 64)
	if u >= 1 {
		return 1 - 1.0/(1<<53)
	}
	return u
}

// Float32 returns a number in [0, 1) made of one word, as libstdc++'s
// uniform_real_distribution<float> does.
func (g *MT19937) Float32() float32 {
	u := float32(g.Uint32()) / (1 << 32)
	if u >= 1 {
		return 1 - 1.0/(1<<24)
	}
	return u
}
