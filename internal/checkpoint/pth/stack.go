package pth

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math"
)

// number pushes a number.
func (m *machine) number(op byte) error {
	n := map[byte]int{'K': 1, 'M': 2, 'J': 4, 0x8a: 1, 0x8b: 4, 'G': 8}[op]
	raw, err := m.bytes(n)
	if err != nil {
		return err
	}
	switch op {
	case 'K':
		m.push(int64(raw[0]))
	case 'M':
		m.push(int64(binary.LittleEndian.Uint16(raw)))
	case 'J':
		m.push(int64(int32(binary.LittleEndian.Uint32(raw))))
	case 'G':
		m.push(math.Float64frombits(binary.BigEndian.Uint64(raw)))
	default: // LONG1, LONG4: two's complement of any length
		size := uint64(raw[0])
		if op == 0x8b {
			size = uint64(binary.LittleEndian.Uint32(raw))
		}
		raw, err := m.bytesOf(size)
		if err != nil {
			return err
		}
		var wide [8]byte
		if len(raw) > 8 {
			m.push(opaque("a number of more than 64 bits"))
			return nil
		}
		if len(raw) > 0 && raw[len(raw)-1]&0x80 != 0 {
			wide = [8]byte{255, 255, 255, 255, 255, 255, 255, 255}
		}
		copy(wide[:], raw)
		m.push(int64(binary.LittleEndian.Uint64(wide[:])))
	}
	return nil
}

// text pushes a string or bytes.
func (m *machine) text(op byte) error {
	width := map[byte]int{'X': 4, 0x8c: 1, 0x8d: 8, 'U': 1, 'T': 4, 'C': 1, 'B': 4, 0x8e: 8}[op]
	raw, err := m.bytes(width)
	if err != nil {
		return err
	}
	var wide [8]byte
	copy(wide[:], raw)
	raw, err = m.bytesOf(binary.LittleEndian.Uint64(wide[:]))
	if err != nil {
		return err
	}
	switch op {
	case 'C', 'B', 0x8e:
		m.push(raw)
	default:
		m.push(string(raw))
	}
	return nil
}

// remember runs the opcodes that store a value in the memo or load one.
func (m *machine) remember(op byte) error {
	if op == 0x94 { // MEMOIZE
		v, err := m.top()
		m.memo[uint32(len(m.memo))] = v
		return err
	}
	width := 1
	if op == 'r' || op == 'j' {
		width = 4
	}
	raw, err := m.bytes(width)
	if err != nil {
		return err
	}
	var wide [4]byte
	copy(wide[:], raw)
	index := binary.LittleEndian.Uint32(wide[:])
	if op == 'q' || op == 'r' {
		v, err := m.top()
		m.memo[index] = v
		return err
	}
	v, ok := m.memo[index]
	if !ok {
		return fmt.Errorf("memo %d does not exist", index)
	}
	m.push(v)
	return nil
}

// tuple pushes a tuple of the n values on top.
func (m *machine) tuple(n int) error {
	if len(m.stack) < n {
		return errShort
	}
	items := append(tuple{}, m.stack[len(m.stack)-n:]...)
	m.stack = m.stack[:len(m.stack)-n]
	m.push(items)
	return nil
}

// append appends to the list on the stack.
func (m *machine) append(op byte) error {
	var items []any
	var err error
	if op == 'a' {
		var v any
		v, err = m.pop()
		items = []any{v}
	} else {
		items, err = m.toMark()
	}
	if err != nil {
		return err
	}
	switch l, err := m.top(); l := l.(type) {
	case *list:
		l.items = append(l.items, items...)
	case opaque:
	default:
		return errors.Join(err, errors.New("items for something that is not a list"))
	}
	return nil
}

// setItems adds items to the dictionary on the stack.
func (m *machine) setItems(op byte) error {
	var items []any
	var err error
	if op == 's' {
		if len(m.stack) < 2 {
			return errShort
		}
		items = append(items, m.stack[len(m.stack)-2:]...)
		m.stack = m.stack[:len(m.stack)-2]
	} else {
		items, err = m.toMark()
	}
	if err != nil {
		return err
	}
	if len(items)%2 != 0 {
		return errors.New("a key without a value")
	}
	switch d, err := m.top(); d := d.(type) {
	case *dict:
		for i := 0; i < len(items); i += 2 {
			d.items = append(d.items, item{items[i], items[i+1]})
		}
	case opaque:
	default:
		return errors.Join(err, errors.New("items for something that is not a dictionary"))
	}
	return nil
}

func (m *machine) push(v any) { m.stack = append(m.stack, v) }

func (m *machine) top() (any, error) {
	if len(m.stack) == 0 {
		return nil, errors.New("the stack is empty")
	}
	return m.stack[len(m.stack)-1], nil
}

func (m *machine) pop() (any, error) {
	v, err := m.top()
	if err == nil {
		m.stack = m.stack[:len(m.stack)-1]
	}
	return v, err
}

func (m *machine) popText() (string, error) {
	v, err := m.pop()
	s, ok := v.(string)
	if err == nil && !ok {
		err = errors.New("a name that is not text")
	}
	return s, err
}

// toMark pops the last mark and the values above it, and returns the values.
func (m *machine) toMark() ([]any, error) {
	for i := len(m.stack) - 1; i >= 0; i-- {
		if _, ok := m.stack[i].(mark); ok {
			items := append([]any(nil), m.stack[i+1:]...)
			m.stack = m.stack[:i]
			return items, nil
		}
	}
	return nil, errors.New("no mark on the stack")
}

func (m *machine) byte() (byte, error) {
	raw, err := m.bytes(1)
	if err != nil {
		return 0, err
	}
	return raw[0], nil
}

func (m *machine) bytes(n int) ([]byte, error) { return m.bytesOf(uint64(n)) }

func (m *machine) bytesOf(n uint64) ([]byte, error) {
	if n > uint64(len(m.src)-m.at) {
		return nil, errShort
	}
	raw := m.src[m.at : m.at+int(n)]
	m.at += int(n)
	return raw, nil
}

// line returns the text up to the next newline.
func (m *machine) line() (string, error) {
	for i := m.at; i < len(m.src); i++ {
		if m.src[i] == '\n' {
			s := string(m.src[m.at:i])
			m.at = i + 1
			return s, nil
		}
	}
	return "", errShort
}
