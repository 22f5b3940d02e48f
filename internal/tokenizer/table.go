package tokenizer

import (
	"hash/maphash"
	"math/bits"
	"unsafe"
)

// table finds the place of a text in a list. It is a hash table by linear probing whose
// slots hold no text, but the place in the list and half of the hash: a map of the texts
// themselves takes four times as long to fill, which was most of what opening a model with
// a large vocabulary cost.
type table struct {
	texts []string
	seed  maphash.Seed
	shift int // of a hash, to the slot where its search begins
	slots []slot
}

// slot is a place in the list.
type slot struct {
	tag   uint32 // the lower half of the text's hash
	place int32  // plus 1; 0: the slot is free
}

// newTable makes a table of texts, fewer than 2^30. Of equal ones the last is found, or the
// first where that is asked for.
func newTable(texts []string, first bool) *table {
	size := bits.Len(uint(len(texts)) + uint(len(texts))/2) // at most two thirds are taken
	t := &table{texts: texts, seed: maphash.MakeSeed(), shift: 64 - size, slots: make([]slot, 1<<size)}
	for i, text := range texts {
		hash := maphash.String(t.seed, text)
		if s := t.slot(hash, text); s.place == 0 || !first {
			*s = slot{uint32(hash), int32(i + 1)}
		}
	}
	return t
}

// slot returns the slot of a text, or the free one where it would stand.
func (t *table) slot(hash uint64, text string) *slot {
	for at := hash >> t.shift; ; at++ {
		s := &t.slots[at&uint64(len(t.slots)-1)]
		if s.place == 0 || s.tag == uint32(hash) && t.texts[s.place-1] == text {
			return s
		}
	}
}

// find returns the place of a text.
func (t *table) find(text string) (place int32, ok bool) {
	s := t.slot(maphash.String(t.seed, text), text)
	return s.place - 1, s.place > 0
}

// findBytes is find for bytes, which are neither kept nor copied.
func (t *table) findBytes(text []byte) (place int32, ok bool) {
	return t.find(unsafe.String(unsafe.SliceData(text), len(text)))
}
