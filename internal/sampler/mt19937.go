package sampler

// mt19937 is the 32-bit Mersenne Twister of Matsumoto and Nishimura, "Mersenne
// Twister: a 623-dimensionally equidistributed uniform pseudo-random number
// generator", 1998. It is C++'s std::mt19937, so that a seed means here what
// it means to llama.cpp.
type mt19937 struct {
	state [624]uint32
	next  int // index of the next word of state to hand out
}

// newMT19937 returns a generator that starts from seed.
func newMT19937(seed uint32) *mt19937 {
	g := &mt19937{}
	g.reset(seed)
	return g
}

// reset starts again from seed.
func (g *mt19937) reset(seed uint32) {
	g.state[0] = seed
	for i := 1; i < len(g.state); i++ {
		prev := g.state[i-1]
		g.state[i] = 1812433253*(prev^prev>>30) + uint32(i)
	}
	g.next = len(g.state)
}

// uint32 returns the next 32 random bits.
func (g *mt19937) uint32() uint32 {
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

// twist makes the next 624 words.
func (g *mt19937) twist() {
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

// float64 returns a number in [0, 1) made of 64 random bits, as libstdc++'s
// generate_canonical<double, 53> does: the first word is the low one.
func (g *mt19937) float64() float64 {
	lo, hi := g.uint32(), g.uint32()
	// The sum rounds to 53 bits, at worst up to 2^64.
	u := (float64(lo) + float64(float64(hi)*(1<<32))) / (1 << 64)
	if u >= 1 {
		return 1 - 1.0/(1<<53)
	}
	return u
}

// float32 returns a number in [0, 1) made of one word, as libstdc++'s
// uniform_real_distribution<float> does.
func (g *mt19937) float32() float32 {
	u := float32(g.uint32()) / (1 << 32)
	if u >= 1 {
		return 1 - 1.0/(1<<24)
	}
	return u
}

// draw returns the index of a candidate, chosen with the odds of their p, as
// libstdc++'s discrete_distribution does: the partial sums of the normalized
// weights, the last forced to 1, searched for the first that reaches a random
// number. A single candidate costs no random number.
//
// Candidates at the end whose p is 0 are left out first: rounding of the sums
// must not make an impossible token possible.
func draw(g *mt19937, list []candidate) int {
	for len(list) > 1 && list[len(list)-1].p == 0 {
		list = list[:len(list)-1]
	}
	if len(list) < 2 {
		return 0
	}
	sum := 0.0
	for i := range list {
		sum += float64(list[i].p)
	}
	u := g.float64()
	partial := 0.0
	for i := range list {
		partial += float64(list[i].p) / sum
		if partial >= u {
			return i
		}
	}
	return len(list) - 1
}
