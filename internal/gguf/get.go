package gguf

import "fmt"

// Value returns the metadata value of a key. ok is false if the file does not have the key.
func (f *File) Value(key string) (Value, bool) {
	if i, ok := f.keys[key]; ok {
		return f.KV[i].Value, true
	}
	return Value{}, false
}

// KeyError says that a key's value does not have the
// type that the caller wants. The error names the file.
type KeyError struct {
	Path, Key string
	Value     Value
	Want      string
}

func (e *KeyError) Error() string {
	return fmt.Sprintf("gguf: %s: key %q: %s (%v), want %s", e.Path, e.Key, e.Value.TypeName(), e.Value, e.Want)
}

// get returns the value of a key as T. A missing key is not an error, but a value of a
// different type is.
func get[T any](f *File, key, want string, as func(Value) (T, bool)) (value T, found bool, err error) {
	v, ok := f.Value(key)
	if !ok {
		return value, false, nil
	}
	if value, ok = as(v); !ok {
		return value, true, &KeyError{f.Path, key, v, want}
	}
	return value, true, nil
}

// Uint returns a non-negative integer, which the file may store as any type of number.
func (f *File) Uint(key string) (value uint64, found bool, err error) {
	return get(f, key, "a non-negative integer", Value.Uint)
}

// Int returns an integer, which the file may store as any type of number.
func (f *File) Int(key string) (value int64, found bool, err error) {
	return get(f, key, "an integer", Value.Int)
}

// Float returns a number of any type.
func (f *File) Float(key string) (value float64, found bool, err error) {
	return get(f, key, "a number", Value.Float)
}

// Bool returns a bool, which may be a number that is 0 or 1.
func (f *File) Bool(key string) (value, found bool, err error) {
	return get(f, key, "a bool, 0 or 1", Value.Bool)
}

// String returns a string, whose bytes need not be UTF-8.
func (f *File) String(key string) (value string, found bool, err error) {
	return get(f, key, "a string", Value.Str)
}

// Strings returns an array of strings.
func (f *File) Strings(key string) (value []string, found bool, err error) {
	return get(f, key, "an array of strings", Value.Strings)
}

// Floats returns an array of numbers of any type.
func (f *File) Floats(key string) (value []float32, found bool, err error) {
	return get(f, key, "an array of numbers that fit an f32", Value.Floats)
}

// Ints returns an array of integers that fit an int32.
// The file may store them as any type of number.
func (f *File) Ints(key string) (value []int32, found bool, err error) {
	return get(f, key, "an array of integers below 2^31", Value.Ints)
}

// Bools returns an array of bools, or of numbers that are 0 or 1.
func (f *File) Bools(key string) (value []bool, found bool, err error) {
	return get(f, key, "an array of bools, 0 or 1", Value.Bools)
}
