package value

import (
	"math"
	"math/big"
	"slices"
	"strconv"
	"strings"

	"alpaca/internal/jinja/text"
)

// Dict is Python's dict: hashable keys in the order of their insertion.
type Dict struct {
	keys, values []Value
	index        map[any]int
}

// NewDict returns an empty dictionary.
func NewDict() *Dict { return &Dict{} }

// Len returns the number of keys.
func (d *Dict) Len() int { return len(d.keys) }

// At returns the key and the value at index i.
func (d *Dict) At(i int) (k, v Value) { return d.keys[i], d.values[i] }

// Get returns the value of a key, which must be hashable.
func (d *Dict) Get(key Value) (v Value, ok bool) {
	if d.Len() == 0 {
		hash(key)
		return nil, false
	}
	i, ok := d.index[hash(key)]
	if !ok {
		return nil, false
	}
	return d.values[i], true
}

// Lookup returns the value of a key that is a string.
func (d *Dict) Lookup(key string) (v Value, ok bool) {
	i, ok := d.index[key]
	if !ok {
		return nil, false
	}
	return d.values[i], true
}

// Set sets the value of a key. If the dictionary already
// has an equal key, it keeps that key in its place.
func (d *Dict) Set(key, v Value) {
	h := hash(key)
	if i, ok := d.index[h]; ok {
		d.values[i] = v
		return
	}
	if d.index == nil {
		d.index = map[any]int{}
	}
	d.index[h] = len(d.keys)
	d.keys, d.values = append(d.keys, key), append(d.values, v)
}

// Put sets the value of a key whose origin is the template.
func (d *Dict) Put(key string, v Value) { d.Set(text.New(key), v) }

// Delete removes a key.
func (d *Dict) Delete(key Value) {
	i, ok := d.index[hash(key)]
	if !ok {
		return
	}
	d.keys, d.values = slices.Delete(d.keys, i, i+1), slices.Delete(d.values, i, i+1)
	delete(d.index, hash(key))
	for h, at := range d.index {
		if at > i {
			d.index[h] = at - 1
		}
	}
}

// Copy returns a dictionary of the same keys and values.
func (d *Dict) Copy() *Dict {
	c := &Dict{keys: slices.Clone(d.keys), values: slices.Clone(d.values), index: make(map[any]int, len(d.index))}
	for h, i := range d.index {
		c.index[h] = i
	}
	return c
}

// Types of keys of Dict.index that are neither string nor int64 nor float64.
type (
	noneKey      struct{}
	undefinedKey struct{}
	bigKey       string
	tupleKey     string
	bytesKey     string
)

// hash returns the key that stands for v in a Go map. Values that are equal in Python have equal
// keys. A value that is not hashable is a failure.
func hash(v Value) any {
	switch v := v.(type) {
	case text.Text:
		return v.String()
	case nil:
		return noneKey{}
	case bool:
		if v {
			return int64(1)
		}
		return int64(0)
	case int64:
		return v
	case *big.Int:
		return bigHash(v)
	case float64:
		if v == math.Trunc(v) && math.Abs(v) < 1<<63 {
			return int64(v)
		}
		if v == math.Trunc(v) && !math.IsInf(v, 0) {
			n, _ := big.NewFloat(v).Int(nil)
			return bigHash(n)
		}
		return v
	case Bytes:
		return bytesKey(v.Text.String())
	case *Undefined:
		return undefinedKey{}
	case *Tuple:
		var b strings.Builder
		for _, item := range v.Items {
			b.WriteString(hashText(hash(item)))
		}
		return tupleKey(b.String())
	case *List, *Dict, *View, *Set:
		if !Hashable(v) {
			TypeError("unhashable type: '%s'", TypeName(v))
		}
	}
	return v
}

// bigHash returns the key of a big integer. It takes linear time; decimal digits would take
// more.
func bigHash(n *big.Int) bigKey { return bigKey(strconv.Itoa(n.Sign()) + string(n.Bytes())) }

// hashText returns a string for a hash. Different hashes have different strings.
func hashText(h any) string {
	kind, s := "", ""
	switch h := h.(type) {
	case string:
		kind, s = "s", h
	case int64:
		kind, s = "i", strconv.FormatInt(h, 10)
	case float64:
		kind, s = "f", strconv.FormatFloat(h, 'b', -1, 64)
	case bigKey:
		kind, s = "b", string(h)
	case tupleKey:
		kind, s = "t", string(h)
	case bytesKey:
		kind, s = "y", string(h)
	case noneKey:
		kind = "n"
	case undefinedKey:
		kind = "u"
	default:
		TypeError("a tuple with such an item cannot be a key")
	}
	return kind + strconv.Itoa(len(s)) + ":" + s
}
