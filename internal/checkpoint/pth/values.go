package pth

import "fmt"

// The values that a pickle may build, beside int64, float64, string, bool, nil and []byte.
type (
	tuple []any
	list  struct{ items []any }
	dict  struct{ items []item }
	item  struct{ key, value any }
	// global is a name that the pickle asks for.
	global string
	// dtype is a type of torch, by the name that package weights has for it.
	dtype string
	// opaque is an object of a class that is known to be of no use, such as the options of
	// a training run.
	opaque global
	// mark is the beginning of a row of values on the stack.
	mark struct{}
)

// get returns the value of a key, nil where there is none.
func (d *dict) get(key string) any {
	for _, e := range d.items {
		if e.key == key {
			return e.value
		}
	}
	return nil
}

// hasTensors reports whether a value of it is a tensor.
func (d *dict) hasTensors() bool {
	for _, e := range d.items {
		if _, ok := e.value.(*tensor); ok {
			return true
		}
	}
	return false
}

// describe names a kind of value.
func describe(v any) string {
	switch v := v.(type) {
	case *tensor:
		return "a single tensor"
	case *list, tuple:
		return "a list"
	case opaque:
		return fmt.Sprintf("an object of %s", string(v))
	case string, int64, float64, bool, []byte, nil:
		return fmt.Sprintf("a value of type %T", v)
	}
	return "an object"
}

// harmless are names that are neither tensors nor needed for them, and that checkpoints of
// training programs have beside them. What they would make is left out.
var harmless = map[global]bool{
	"argparse.Namespace": true, "torch.device": true, "torch.Size": true, "_codecs.encode": true,
	"numpy.dtype": true, "numpy.core.multiarray.scalar": true, "numpy._core.multiarray.scalar": true,
	"collections.defaultdict": true, "__builtin__.set": true, "builtins.set": true, "builtins.dict": true, "builtins.list": true,
	"builtins.int": true, "builtins.float": true, "builtins.str": true, "builtins.bool": true, "builtins.complex": true,
	"torch.serialization._get_layout": true, "pathlib.PosixPath": true, "pathlib.WindowsPath": true,
}
