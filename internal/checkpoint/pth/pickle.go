package pth

import (
	"errors"
	"fmt"
	"strings"
)

// machine runs a pickle. The pickle can use only the operations of the machine.
// The machine looks up Python names only in the tables of this package.
type machine struct {
	src   []byte
	at    int
	stack []any
	memo  map[uint32]any
	names map[string]bool // unknown names
}

// maxStack and maxMemo limit the memory that a small pickle can use.
const (
	maxStack = 1 << 22
	maxMemo  = 1 << 22
)

var errShort = errors.New("the pickle ends before its last opcode")

// unpickle runs a pickle and returns the value that it builds.
func unpickle(src []byte) (any, error) {
	m := &machine{src: src, memo: map[uint32]any{}, names: map[string]bool{}}
	top, err := m.run()
	if err != nil {
		return nil, fmt.Errorf("pickle, byte %d: %w", m.at, err)
	}
	if len(m.names) > 0 {
		return nil, unknownNames(m.names)
	}
	return top, nil
}

// run runs the pickle to its end. It knows the opcodes that Python's pickletools list for protocols
// 2 to 5, except those that only objects of classes need.
func (m *machine) run() (any, error) {
	for {
		op, err := m.byte()
		if err != nil {
			return nil, err
		}
		if op == '.' {
			return m.pop()
		}
		if err := m.step(op); err != nil {
			return nil, err
		}
		if len(m.stack) > maxStack || len(m.memo) > maxMemo {
			return nil, fmt.Errorf("more than %d values", maxStack)
		}
	}
}

// step runs one opcode.
func (m *machine) step(op byte) error {
	switch op {
	case 0x80: // PROTO
		v, err := m.byte()
		if err == nil && v > 5 {
			err = fmt.Errorf("protocol %d, at most 5", v)
		}
		return err
	case 0x95: // FRAME
		_, err := m.bytes(8)
		return err
	case '(':
		m.push(mark{})
	case '0':
		_, err := m.pop()
		return err
	case '1': // POP_MARK
		_, err := m.toMark()
		return err
	case '2': // DUP
		v, err := m.top()
		m.push(v)
		return err
	case 'N':
		m.push(nil)
	case 0x88:
		m.push(true)
	case 0x89:
		m.push(false)
	case '}':
		m.push(&dict{})
	case ']', 0x8f: // a set becomes a list
		m.push(&list{})
	case ')':
		m.push(tuple{})
	case 't':
		items, err := m.toMark()
		m.push(tuple(items))
		return err
	case 0x85, 0x86, 0x87: // TUPLE1 to TUPLE3
		return m.tuple(int(op - 0x84))
	case 'a', 'e', 0x90: // APPEND, APPENDS, ADDITEMS
		return m.append(op)
	case 's', 'u': // SETITEM, SETITEMS
		return m.setItems(op)
	case 0x91: // FROZENSET
		items, err := m.toMark()
		m.push(&list{items})
		return err
	case 'K', 'M', 'J', 0x8a, 0x8b, 'G':
		return m.number(op)
	case 'X', 0x8c, 0x8d, 'U', 'T', 'C', 'B', 0x8e:
		return m.text(op)
	case 'q', 'r', 0x94, 'h', 'j':
		return m.remember(op)
	default:
		return m.object(op)
	}
	return nil
}

// object runs the opcodes that create objects.
func (m *machine) object(op byte) error {
	switch op {
	case 'c': // GLOBAL: two lines
		module, err := m.line()
		if err != nil {
			return err
		}
		name, err := m.line()
		m.global(module, name)
		return err
	case 0x93: // STACK_GLOBAL
		name, _ := m.popText()
		module, err := m.popText()
		if err != nil {
			return err
		}
		m.global(module, name)
	case 'R', 0x81: // REDUCE, NEWOBJ
		args, err := m.pop()
		if err != nil {
			return err
		}
		return m.call(args)
	case 0x92: // NEWOBJ_EX
		if _, err := m.pop(); err != nil {
			return err
		}
		args, err := m.pop()
		if err != nil {
			return err
		}
		return m.call(args)
	case 'b': // BUILD: attributes are ignored
		_, err := m.pop()
		return err
	case 'Q': // BINPERSID
		id, err := m.pop()
		if err != nil {
			return err
		}
		s, err := newStorage(id)
		m.push(s)
		return err
	default:
		return fmt.Errorf("opcode %#02x is not supported, because no checkpoint needs it", op)
	}
	return nil
}

// global pushes a name of a module.
func (m *machine) global(module, name string) {
	full := module + "." + name
	if module == "torch" {
		if t, ok := dtypes[name]; ok {
			m.push(dtype(t))
			return
		}
	}
	m.push(global(full))
	if !known(global(full)) {
		m.names[strings.ToValidUTF8(full[:min(len(full), 100)], "?")] = true
	}
}

// known reports whether the machine knows the Python name g.
func known(g global) bool {
	switch g {
	case "collections.OrderedDict", "torch._utils._rebuild_tensor_v2", "torch._utils._rebuild_tensor_v3",
		"torch._utils._rebuild_parameter", "torch._utils._rebuild_parameter_with_state",
		"torch.storage.UntypedStorage", "torch.UntypedStorage", "torch.storage._LegacyStorage":
		return true
	}
	class, ok := strings.CutPrefix(string(g), "torch.")
	return harmless[g] || ok && storages[class] != ""
}

// call pops a name and pushes the result of calling it with args.
func (m *machine) call(args any) error {
	callee, err := m.pop()
	if err != nil {
		return err
	}
	g, isName := callee.(global)
	list, isTuple := args.(tuple)
	if !isName || !isTuple {
		return errors.New("the pickle calls something that is not a name")
	}
	switch g {
	case "collections.OrderedDict":
		d := &dict{}
		if len(list) > 0 {
			return errors.New("an OrderedDict must have no arguments")
		}
		m.push(d)
	case "torch._utils._rebuild_tensor_v2", "torch._utils._rebuild_tensor_v3":
		t, err := newTensor(list, strings.HasSuffix(string(g), "3"))
		if err != nil {
			return err
		}
		m.push(t)
	case "torch._utils._rebuild_parameter", "torch._utils._rebuild_parameter_with_state":
		if len(list) == 0 {
			return errors.New("a parameter without a tensor")
		}
		m.push(list[0])
	default: // a harmless name, or an unknown name; unpickle returns an error that lists the unknown names
		m.push(opaque(g))
	}
	return nil
}

// newStorage returns the storage of a persistent id: ("storage", class, key, location,
// elements).
func newStorage(id any) (*storage, error) {
	args, ok := id.(tuple)
	if !ok || len(args) < 5 || args[0] != "storage" {
		return nil, errors.New("a persistent id that does not name a storage")
	}
	class, ok1 := args[1].(global)
	key, ok2 := args[2].(string)
	if !ok1 || !ok2 || strings.ContainsAny(key, "/\\") {
		return nil, errors.New("a storage without a class and a key")
	}
	return &storage{typ: storages[strings.TrimPrefix(string(class), "torch.")], key: key}, nil
}
