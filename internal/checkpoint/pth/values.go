package pth

import "fmt"

// These are the types of values that a pickle can build,
// besides int64, float64, string, bool, nil and []byte.
type (
	tuple []any
	list  struct{ items []any }
	dict  struct{ items []item }
	item  struct{ key, value any }
	// global is a name that the pickle asks for.
	global string
	// dtype is a type of torch, with the name that package weights has for it.
	dtype string
	// opaque is an object of a class that is not needed, such as the options of a
	// training run.
	opaque global
	// mark marks the beginning of a sequence of values on the stack.
	mark struct{}
)

// get returns the value of key, or nil if there is none.
func (d *dict) get(key string) any {
	for _, e := range d.items {
		if e.key == key {
			return e.value
		}
	}
	return nil
}

// hasTensors reports whether a value of d is a tensor.
func (d *dict) hasTensors() bool {
	for _, e := range d.items {
		if _, ok := e.value.(*tensor); ok {
			return true
		}
	}
	return false
}

// describe returns the kind of a value, for messages.
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

// harmless are Python names that training programs put into checkpoints, although
// tensors do not need them. The machine ignores objects with these names.
var harmless = map[global]bool{
	"argparse.Namespace": true, "torch.device": true, "torch.Size": true, "_codecs.encode": true,
	"numpy.dtype": true, "numpy.core.multiarray.scalar": true, "numpy._core.multiarray.scalar": true,
	"collections.defaultdict": true, "__builtin__.set": true, "builtins.set": true, "builtins.dict": true, "builtins.list": true,
	"builtins.int": true, "builtins.float": true, "builtins.str": true, "builtins.bool": true, "builtins.complex": true,
	"torch.serialization._get_layout": true, "pathlib.PosixPath": true, "pathlib.WindowsPath": true,
}
