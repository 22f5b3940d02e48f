package openai

import (
	"encoding/json"
	"fmt"
	"math"
)

// AdapterScale says how strong an adapter is to be.
type AdapterScale struct {
	ID    int // as /lora-adapters counts them
	Scale float32
}

// MaxAdapters bounds the adapters that a request names.
const MaxAdapters = 1024

// ParseAdapters reads the body of POST /lora-adapters: a list of adapters with their
// scales.
func ParseAdapters(data []byte) ([]AdapterScale, error) {
	if err := check(data); err != nil {
		return nil, err
	}
	o := &object{}
	if kind(data) != "a list" {
		o.fail("", "the request must be a list of objects with \"id\" and \"scale\", is %s", kind(data))
		return nil, o.result()
	}
	list := o.adapters("", data)
	return list, o.result()
}

// readAdapters reads the field "lora", of which an empty list says nothing.
func (g *Generation) readAdapters(o *object) {
	if data, ok := o.wants("lora", "a list"); ok {
		g.Adapters = o.adapters("lora", data)
	}
}

// adapters reads a list of adapters with their scales. As with llama.cpp one without a
// scale is not used.
func (o *object) adapters(name string, data []byte) (list []AdapterScale) {
	items, _ := o.items(name, data, MaxAdapters)
	for i, item := range items {
		child := readItem(name, i, item)
		a := AdapterScale{ID: -1}
		child.integer("id", &a.ID, 0, math.MaxInt32)
		if a.ID < 0 {
			child.fail("id", "is missing: the number of an adapter is needed, as /lora-adapters counts them")
		}
		child.ranged("scale", &a.Scale, -1e6, 1e6)
		o.take(child)
		list = append(list, a)
	}
	return list
}

// readItem returns item i of a list as an object.
func readItem(list string, i int, data json.RawMessage) *object {
	o := &object{}
	o.sub(data, fmt.Sprintf("%s[%d]", list, i))
	return o
}
