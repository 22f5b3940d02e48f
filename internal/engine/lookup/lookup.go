// Package lookup expects a text to go on as it went on before: where its last tokens stand
// earlier, too, those that followed there may come again. Texts that repeat much of their
// prompt, such as a file that is rewritten with one change, are known in advance that way,
// without a second model. An Index of a text takes some 30 bytes a token, and finds the
// longest match in about a microsecond.
package lookup

const (
	// Longest is how many tokens of a match are compared.
	Longest = 16
	// Resumed is the Match of a place that was found near the one that the text has left.
	Resumed = 1

	long, short = 4, 2 // tokens by which places are found
	tries       = 48   // places that are compared
	near        = 24   // tokens behind a place that was left, where the text may come back
	lost        = 24   // tokens after which it is not expected there any more
)

// Match is how many tokens before a place are the text's last ones: 0 where no place was
// found, Resumed, or between 2 and Longest.
type Match int

// Index knows the places of a text. The zero value is an empty text. An Index is not safe for
// concurrent use.
type Index struct {
	log         []int32
	long, short places

	at     int // the text is expected to go on as log does from there; 0: nothing is
	missed int // tokens since the text went on otherwise
	guess  int // where Find expects that the text has come back; 0: it did not
}

// places are the places of a text, by the tokens in front of them.
type places struct {
	last   []int32 // by hash: the last one; a power of two
	before []int32 // by place: the one before with the same hash
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

// follow looks whether the text goes on with id as was expected.
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

// hash returns a number of bits bits that tells the last n tokens apart from others, mostly.
func hash(tokens []int32, bits int) uint64 {
	h := uint64(0)
	for _, id := range tokens {
		h = (h ^ uint64(uint32(id))) * 0x9e3779b97f4a7c15
		h ^= h >> 29
	}
	return h * 0x9e3779b97f4a7c15 >> (64 - bits)
}

// add adds the place behind the last of tokens, of which n in front of it tell it.
func (p *places) add(tokens []int32, n int) {
	end := len(tokens)
	if end > len(p.last) { // room for twice as many
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

// common returns how many tokens before place are those at the end of the text, at most
// Longest.
func (x *Index) common(place int) (n int) {
	end := len(x.log)
	for n < min(place, Longest) && x.log[place-1-n] == x.log[end-1-n] {
		n++
	}
	return n
}

// longest returns the place in front of which most of the last tokens stand, the last one
// of several. Where these are two tokens only, they must have gone on in the same way twice.
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

// resume returns the place where the text may have come back to what it has left: behind its
// last two tokens, or its last one; or behind a token that was replaced. It returns 0 if there
// is none.
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

// Find appends to b the tokens, n of them, with which the text is expected to go on, none
// where it has not been in such a place before.
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
		// What repeats itself goes on so behind the end of the text.
		if i := place + len(b) - begin; i < len(x.log) {
			b = append(b, x.log[i])
		} else {
			b = append(b, b[begin+i-len(x.log)])
		}
	}
	return b, match
}
