package rouge

import "math/bits"

// pattern is a text, prepared for comparison with many others: for each word of the
// vocabulary, its positions in the text as bits. Hyyrö's bit-parallel algorithm
// ("Bit-parallel LCS-length computation revisited", 2004) computes the length of the longest
// common subsequence. A zero bit in v marks a position at which the subsequence gets longer.
type pattern struct {
	length int
	words  []int32    // the distinct words; the next call of set clears their bits
	first  []uint64   // for each word, its positions, if the text has at most 64 words
	at     []int32    // for each word, 1 + its index in more, if the text has more than 64 words
	more   [][]uint64 // positions, 64 in each uint64
	v      []uint64   // scratch
}

// set sets the pattern to ids. n is the size of the vocabulary; ids from n on stand for
// words that no other text has.
func (p *pattern) set(ids []int32, n int) {
	for _, w := range p.words {
		p.first[w] = 0
		if len(p.at) > int(w) {
			p.at[w] = 0
		}
	}
	p.words, p.more, p.length = p.words[:0], p.more[:0], len(ids)
	if len(p.first) < n {
		p.first = append(p.first, make([]uint64, n-len(p.first))...)
	}
	if len(ids) > 64 {
		p.setLong(ids, n)
		return
	}
	for i, w := range ids {
		if int(w) >= n {
			continue
		}
		if p.first[w] == 0 {
			p.words = append(p.words, w)
		}
		p.first[w] |= 1 << i
	}
}

func (p *pattern) setLong(ids []int32, n int) {
	if len(p.at) < n {
		p.at = append(p.at, make([]int32, n-len(p.at))...)
	}
	lines := (len(ids) + 63) / 64
	if len(p.v) < lines {
		p.v = make([]uint64, lines)
	}
	for i, w := range ids {
		if int(w) >= n {
			continue
		}
		if p.at[w] == 0 {
			p.words = append(p.words, w)
			p.more = append(p.more, make([]uint64, lines))
			p.at[w] = int32(len(p.more))
		}
		p.more[p.at[w]-1][i/64] |= 1 << (i % 64)
	}
}

// lcs returns the length of the longest common subsequence of the pattern and a text.
func (p *pattern) lcs(text []int32) int {
	if p.length > 64 {
		return p.lcsLong(text)
	}
	v := ^uint64(0)
	for _, w := range text {
		u := v & p.first[w]
		v = (v + u) | (v - u)
	}
	return bits.OnesCount64(^v) // unused bits stay ones
}

func (p *pattern) lcsLong(text []int32) int {
	lines := (p.length + 63) / 64
	v := p.v[:lines]
	for i := range v {
		v[i] = ^uint64(0)
	}
	for _, w := range text {
		line := p.at[w]
		if line == 0 {
			continue
		}
		mask := p.more[line-1]
		var carry uint64
		for i := range v {
			u := v[i] & mask[i]
			var sum uint64
			sum, carry = bits.Add64(v[i], u, carry)
			v[i] = sum | v[i]&^u // v - u without borrow, because u is a subset of v
		}
	}
	n := 0
	for i := range v {
		n += bits.OnesCount64(^v[i])
	}
	return n
}
