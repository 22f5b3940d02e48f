package tokenizer

import (
	"hash/maphash"
	"math/bits"
	"unsafe"
)

// table finds the index of a text in a list. It is a hash table with linear probing. Its slots hold
// the index in the list and half of the hash, but no text. A map of the texts took four times as
// long to fill. For a model with a large vocabulary, filling the map took most of the time in which
// the model was opened.
type table struct {
	texts []string
	seed  maphash.Seed
	shift int // hash >> shift is the slot where a search begins
	slots []slot
}

// slot refers to a text of the list.
type slot struct {
	tag   uint32 // lower half of the text's hash
	place int32  // index in the list plus 1; 0: the slot is free
}

// newTable makes a table of fewer than 2^30 texts. If texts are equal, the table finds the first of
// them if first is true, otherwise the last.
func newTable(texts []string, first bool) *table {
	size := bits.Len(uint(len(texts)) + uint(len(texts))/2) // at most two thirds of the slots are taken
	t := &table{texts: texts, seed: maphash.MakeSeed(), shift: 64 - size, slots: make([]slot, 1<<size)}
	for i, text := range texts {
		hash := maphash.String(t.seed, text)
		if s := t.slot(hash, text); s.place == 0 || !first {
			*s = slot{uint32(hash), int32(i + 1)}
		}
	}
	return t
}

// slot returns the slot of a text, or the free slot for it.
func (t *table) slot(hash uint64, text string) *slot {
	for at := hash >> t.shift; ; at++ {
		s := &t.slots[at&uint64(len(t.slots)-1)]
		if s.place == 0 || s.tag == uint32(hash) && t.texts[s.place-1] == text {
			return s
		}
	}
}

// find returns the index of a text in the list.
func (t *table) find(text string) (place int32, ok bool) {
	s := t.slot(maphash.String(t.seed, text), text)
	return s.place - 1, s.place > 0
}

// findBytes does what find does, for bytes. It neither keeps nor copies them.
func (t *table) findBytes(text []byte) (place int32, ok bool) {
	return t.find(unsafe.String(unsafe.SliceData(text), len(text)))
}
