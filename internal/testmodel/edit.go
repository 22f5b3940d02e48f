package testmodel

import (
	"slices"

	"alpaca/internal/gguf"
	"alpaca/internal/quant"
)

// Set adds a metadata entry or replaces it.
func (m *Model) Set(key string, value gguf.Value) *Model {
	if i := m.index(key); i >= 0 {
		m.KV[i].Value = value
	} else {
		m.KV = append(m.KV, gguf.KV{Key: key, Value: value})
	}
	return m
}

// Unset removes a metadata entry.
func (m *Model) Unset(key string) *Model {
	m.KV = slices.DeleteFunc(m.KV, func(kv gguf.KV) bool { return kv.Key == key })
	return m
}

// Drop removes a tensor.
func (m *Model) Drop(name string) *Model {
	m.Tensors = slices.DeleteFunc(m.Tensors, func(t *Tensor) bool { return t.Name == name })
	return m
}

// Tensor returns the tensor with the given name. It panics if there is none.
func (m *Model) Tensor(name string) *Tensor {
	for _, t := range m.Tensors {
		if t.Name == name {
			return t
		}
	}
	panic("testmodel: no tensor " + name)
}

// As changes the type of all matrices to F32 or F16. Write then rounds their values.
func (m *Model) As(typ quant.Type) *Model {
	for _, t := range m.Tensors {
		if len(t.Shape) > 1 {
			t.Type = typ
		}
	}
	return m
}

// VocabOnly removes all tensors.
func (m *Model) VocabOnly() *Model {
	m.Tensors = nil
	return m
}

func (m *Model) index(key string) int {
	return slices.IndexFunc(m.KV, func(kv gguf.KV) bool { return kv.Key == key })
}

func (m *Model) value(key string) gguf.Value { return m.KV[m.index(key)].Value }
