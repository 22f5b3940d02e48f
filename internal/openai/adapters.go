package openai

import (
	"encoding/json"
	"fmt"
	"math"
)

// AdapterScale is the scale at which an adapter is applied.
type AdapterScale struct {
	ID    int // the adapter's number in /lora-adapters
	Scale float32
}

// MaxAdapters is the largest number of adapters that a request may name.
const MaxAdapters = 1024

// ParseAdapters parses the body of POST /lora-adapters: a list of adapters with their scales.
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

// readAdapters reads the field "lora". An empty list is the same as no field.
func (g *Generation) readAdapters(o *object) {
	if data, ok := o.wants("lora", "a list"); ok {
		g.Adapters = o.adapters("lora", data)
	}
}

// adapters reads a list of adapters with their scales. As in llama.cpp, an adapter without a scale
// has scale 0.
func (o *object) adapters(name string, data []byte) (list []AdapterScale) {
	items, _ := o.items(name, data, MaxAdapters)
	for i, item := range items {
		child := readItem(name, i, item)
		a := AdapterScale{ID: -1}
		child.integer("id", &a.ID, 0, math.MaxInt32)
		if a.ID < 0 {
			child.fail("id", "is missing: it must be the number of an adapter in /lora-adapters")
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
