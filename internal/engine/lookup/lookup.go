// Package lookup drafts from the text itself (prompt lookup decoding). If the last tokens of
// a text occur earlier, too, the tokens that followed there may come again. This works well
// for texts that repeat much of their prompt, such as a file rewritten with one change. It
// needs no second model. An Index takes some 30 bytes per token of the text, and finds the
// longest match in about a microsecond.
package lookup

const (
	// Longest is the length of the longest Match, because no more tokens are compared.
	Longest = 16
	// Resumed is the Match if the text repeated an earlier passage, differed from it, and may
	// have come back to it.
	Resumed = 1

	long, short = 4, 2 // how many tokens before a place are hashed, in each of the two tables
	tries       = 48   // at most this many places are compared
	near        = 24   // resume searches this many tokens after the place where the text left the passage
	lost        = 24   // resume gives up after this many tokens that differ
)

// Match is how many tokens before a place equal the last tokens of the text: between 2 and
// Longest. It is 0 if no place was found, and Resumed if resume found one.
type Match int

// Index finds places in a text by the tokens before them. A place is a
// number of tokens: the place n is after the first n tokens. The zero value
// is the Index of an empty text. An Index is not safe for concurrent use.
type Index struct {
	log         []int32
	long, short places

	at     int // the place that the text repeats, or that it has left; 0: none
	missed int // how many tokens were added since the text left that place
	guess  int // the place where Find expects that the text has come back; 0: none
}

// places is a hash table of the places of a text, by the tokens before them.
type places struct {
	last   []int32 // indexed by hash: the last place with this hash; the length is a power of two
	before []int32 // indexed by place: the previous place with the same hash
}

// Len returns the number of tokens.
func (x *Index) Len() int { return len(x.log) }

// Add adds tokens to the text.
func (x *Index) Add(tokens ...int32) {
	for _, id := range tokens {
		x.follow(id)
		x.log = append(x.log, id)
		x.long.add(x.log, long)
		x.short.add(x.log, short)
	}
}

// follow updates at, missed and guess for the next token id.
func (x *Index) follow(id int32) {
	switch {
	case x.guess > 0 && x.log[x.guess] == id:
		x.at, x.missed = x.guess+1, 0
	case x.at > 0 && x.missed == 0 && x.log[x.at] == id:
		x.at++
	case x.at > 0:
		if x.missed++; x.missed > lost {
			x.at = 0
		}
	}
	x.guess = 0
}

// hash returns a hash of tokens that has the given number of bits.
func hash(tokens []int32, bits int) uint64 {
	h := uint64(0)
	for _, id := range tokens {
		h = (h ^ uint64(uint32(id))) * 0x9e3779b97f4a7c15
		h ^= h >> 29
	}
	return h * 0x9e3779b97f4a7c15 >> (64 - bits)
}

// add adds the place after the last of tokens, by the hash of the n tokens before it.
func (p *places) add(tokens []int32, n int) {
	end := len(tokens)
	if end > len(p.last) { // double the table
		p.last = make([]int32, max(256, 2*len(p.last)))
		p.before = append(make([]int32, 0, len(p.last)+1), 0)
		for i := 1; i < end; i++ {
			p.add(tokens[:i], n)
		}
	}
	if end < n {
		p.before = append(p.before, 0)
		return
	}
	bits := 0
	for 1<<bits < len(p.last) {
		bits++
	}
	h := hash(tokens[end-n:], bits)
	p.before = append(p.before, p.last[h])
	p.last[h] = int32(end)
}

// common returns how many tokens before place equal those at the end of the text, at most
// Longest.
func (x *Index) common(place int) (n int) {
	end := len(x.log)
	for n < min(place, Longest) && x.log[place-1-n] == x.log[end-1-n] {
		n++
	}
	return n
}

// longest returns the place with the longest match. If several places have it, it returns the
// last of them. A match of only two tokens counts only if two such places have the same next
// token.
func (x *Index) longest() (place int, match Match) {
	at := int(x.long.before[len(x.log)])
	for range tries {
		if at == 0 || match == Longest {
			break
		}
		if n := x.common(at); n >= long && Match(n) > match {
			place, match = at, Match(n)
		}
		at = int(x.long.before[at])
	}
	if match > 0 {
		return place, match
	}
	first := 0
	at = int(x.short.before[len(x.log)])
	for range tries {
		if at == 0 {
			break
		}
		switch n := x.common(at); {
		case n > short:
			return at, Match(n)
		case n < short: // another pair with the same hash
		case first == 0:
			first = at
		case match == 0 && x.log[first] == x.log[at]:
			place, match = first, short
		}
		at = int(x.short.before[at])
	}
	return place, match
}

// resume returns the place from which the text may repeat the earlier passage again, near
// the place where it left the passage. resume looks for the text's last two tokens, then for
// the last token alone. If it finds neither and only one token differs so far, it assumes
// that this token replaces one token of the passage. It returns 0 if it finds no place.
func (x *Index) resume() int {
	end := len(x.log)
	if x.missed == 0 {
		return x.at
	}
	one := 0
	for at := x.at + 1; at <= x.at+near && at < end; at++ {
		if x.log[at-1] != x.log[end-1] {
			continue
		}
		if x.missed > 1 && x.log[at-2] == x.log[end-2] {
			return at
		}
		if one == 0 {
			one = at
		}
	}
	if one == 0 && x.missed == 1 && x.at+1 < end {
		return x.at + 1
	}
	return one
}

// Find appends to b the n tokens that are likely to come next. It appends nothing if it finds no
// place.
func (x *Index) Find(b []int32, n int) ([]int32, Match) {
	if len(x.log) == 0 || n <= 0 {
		return b, 0
	}
	place, match := x.longest()
	if match < long && x.at > 0 {
		if at := x.resume(); at > 0 {
			place, match = at, Resumed
		}
	}
	switch {
	case match == 0:
		return b, 0
	case match == Resumed:
		x.guess = place
	default:
		x.at, x.missed = place, 0
	}
	for begin := len(b); n > 0; n-- {
		// Beyond the end of the text, the draft continues with its own first tokens, as if the
		// text were periodic.
		if i := place + len(b) - begin; i < len(x.log) {
			b = append(b, x.log[i])
		} else {
			b = append(b, b[begin+i-len(x.log)])
		}
	}
	return b, match
}
