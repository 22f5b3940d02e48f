package pth

import (
	"errors"
	"fmt"
	"io"
	"sync"

	"alpaca/internal/checkpoint/weights"
)

// storage is a record of the archive.
type storage struct {
	typ weights.Type // "" if it is untyped
	key string
}

// tensor is a view of a storage. Offsets and strides count elements.
type tensor struct {
	storage *storage
	typ     weights.Type
	offset  int64
	shape   []int
	stride  []int64
}

// storages maps the name of each of torch's storage classes to the type of its elements.
var storages = map[string]weights.Type{
	"DoubleStorage": weights.F64, "FloatStorage": weights.F32, "HalfStorage": weights.F16, "BFloat16Storage": weights.BF16,
	"LongStorage": weights.I64, "IntStorage": weights.I32, "ShortStorage": weights.I16, "CharStorage": weights.I8,
	"ByteStorage": weights.U8, "BoolStorage": weights.Bool,
}

// dtypes maps torch's names of types to the types.
var dtypes = map[string]weights.Type{
	"float64": weights.F64, "float32": weights.F32, "float16": weights.F16, "bfloat16": weights.BF16,
	"float8_e4m3fn": weights.F8E4M3, "float8_e5m2": weights.F8E5M2, "float8_e4m3fnuz": weights.F8E4M3Z, "float8_e5m2fnuz": weights.F8E5M2Z,
	"float8_e8m0fnu": weights.F8E8M0,
	"int64":          weights.I64, "int32": weights.I32, "int16": weights.I16, "int8": weights.I8,
	"uint64": weights.U64, "uint32": weights.U32, "uint16": weights.U16, "uint8": weights.U8, "bool": weights.Bool,
}

// maxDims is torch's limit on the number of dimensions.
const maxDims = 64

// newTensor returns the tensor for the arguments of torch._utils._rebuild_tensor_v2: (storage,
// offset, size, stride, requires_grad, hooks, …). If typed is true, the arguments are those of
// _rebuild_tensor_v3, with a type after the hooks.
func newTensor(args []any, typed bool) (*tensor, error) {
	minArgs := 5
	if typed {
		minArgs = 7
	}
	if len(args) < minArgs {
		return nil, fmt.Errorf("a tensor with %d arguments, want %d", len(args), minArgs)
	}
	s, ok1 := args[0].(*storage)
	offset, ok2 := args[1].(int64)
	size, ok3 := args[2].(tuple)
	stride, ok4 := args[3].(tuple)
	if !ok1 || !ok2 || !ok3 || !ok4 {
		return nil, errors.New("a tensor whose arguments are not storage, offset, size and stride")
	}
	t := &tensor{storage: s, typ: s.typ, offset: offset}
	if typed {
		name, _ := args[6].(dtype)
		t.typ = weights.Type(name)
	}
	if !t.typ.Known() {
		return nil, errors.New("a tensor whose type is not known")
	}
	if len(size) != len(stride) || len(size) > maxDims {
		return nil, fmt.Errorf("a tensor of %d dimensions with %d strides: want as many strides as dimensions, and at most %d", len(size), len(stride), maxDims)
	}
	for i := range size {
		n, ok1 := size[i].(int64)
		by, ok2 := stride[i].(int64)
		if !ok1 || !ok2 || n < 0 || by < 0 || n > 1<<53 || by > 1<<53 {
			return nil, errors.New("a tensor whose size or stride is not a number of at least 0")
		}
		t.shape = append(t.shape, int(n))
		t.stride = append(t.stride, by)
	}
	if _, ok := weights.Elements(t.shape); !ok {
		return nil, fmt.Errorf("a tensor of shape %d is too large", t.shape)
	}
	return t, nil
}

// last returns the largest index that an element of the tensor has in the storage, or -1 if the
// tensor is empty.
func (t *tensor) last() (int64, error) {
	if n, _ := weights.Elements(t.shape); n == 0 {
		return -1, nil
	}
	at := t.offset
	for i, n := range t.shape {
		if n > 1 && t.stride[i] > (1<<60)/int64(n) {
			return 0, fmt.Errorf("stride %d of %d elements is too large", t.stride[i], n)
		}
		if at += int64(n-1) * t.stride[i]; at > 1<<60 {
			return 0, fmt.Errorf("strides %d are too large", t.stride)
		}
	}
	return at, nil
}

// contiguous reports whether the elements follow each other in the storage.
func (t *tensor) contiguous() bool {
	want := int64(1)
	for i := len(t.shape) - 1; i >= 0; i-- {
		if t.shape[i] != 1 && t.stride[i] != want {
			return t.empty()
		}
		want *= int64(t.shape[i])
	}
	return true
}

func (t *tensor) empty() bool {
	n, _ := weights.Elements(t.shape)
	return n == 0
}

// strided returns a ReadAt function for elements that are not contiguous, such as those of a
// transpose. The function keeps the tensor's part of the storage in memory.
func (t *tensor) strided(file io.ReaderAt, from, elem, last int64) func(dst []byte, off int64) error {
	var once sync.Once
	var raw []byte
	var failed error
	return func(dst []byte, off int64) error {
		once.Do(func() {
			raw = make([]byte, (last-t.offset+1)*elem)
			failed = readFull(file, raw, from+t.offset*elem)
		})
		if failed != nil {
			return failed
		}
		// index is the first element's index in each dimension.
		index := make([]int, len(t.shape))
		rest := off / elem
		at := int64(0)
		for i := len(t.shape) - 1; i >= 0; i-- {
			n := int64(t.shape[i])
			index[i] = int(rest % n)
			rest /= n
			at += int64(index[i]) * t.stride[i]
		}
		skip := off % elem
		for len(dst) > 0 {
			n := copy(dst, raw[at*elem+skip:(at+1)*elem])
			dst, skip = dst[n:], 0
			for i := len(index) - 1; i >= 0; i-- {
				index[i]++
				at += t.stride[i]
				if index[i] < t.shape[i] {
					break
				}
				at -= int64(t.shape[i]) * t.stride[i]
				index[i] = 0
			}
		}
		return nil
	}
}
