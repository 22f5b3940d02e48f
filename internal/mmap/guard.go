// Package mmap maps files read-only and turns faults in them into errors. If a mapped file
// is truncated or its disk fails, the next read faults. Guard turns the fault into a
// *FaultError with the file's name, on the goroutine that read. On systems that cannot map
// files, Map returns an error and callers read the file instead.
package mmap

import (
	"fmt"
	"os"
	"runtime"
	"runtime/debug"
	"strings"
	"sync"
	"unsafe"
)

// FaultError says that a mapped file cannot be read any more, because the file was truncated or its
// disk failed while in use.
type FaultError struct {
	Path   string
	Offset int64 // where in the file the read failed, in bytes
}

func (e *FaultError) Error() string {
	return fmt.Sprintf("%s: cannot be read at byte %d any more: the file was truncated or its disk failed while in use", e.Path, e.Offset)
}

// Guard calls fn and turns a fault in a mapped file into a *FaultError.
// Every goroutine that reads a mapping must do so in a Guard call of its
// own, because a fault outside of Guard ends the process. Faults that are
// not in a mapped file, such as at a nil pointer, are bugs and still panic.
func Guard(fn func() error) (err error) {
	old := debug.SetPanicOnFault(true)
	defer func() {
		debug.SetPanicOnFault(old)
		if r := recover(); r != nil {
			fault := asFault(r)
			if fault == nil {
				panic(r)
			}
			err = fault
		}
	}()
	return fn()
}

// asFault returns the *FaultError for a recovered value r, or nil if r is not a fault in a mapped
// file.
func asFault(r any) *FaultError {
	e, ok := r.(runtime.Error)
	if !ok {
		return nil
	}
	mappings.Lock()
	defer mappings.Unlock()
	if e, ok := e.(interface{ Addr() uintptr }); ok {
		for _, m := range mappings.all {
			if at := e.Addr() - m.base; at < m.length { // wraps around to a huge number below base
				return &FaultError{Path: m.path, Offset: int64(at)}
			}
		}
		return nil
	}
	if !strings.Contains(e.Error(), "invalid memory address") {
		return nil
	}
	// Not every system reports the address of a fault (qemu's emulation does not).
	// Without an address, the reason must be a mapped file that has become shorter.
	for _, m := range mappings.all {
		if st, err := os.Stat(m.path); err == nil && st.Size() < int64(m.length) {
			return &FaultError{Path: m.path, Offset: st.Size()}
		}
	}
	return nil
}

// mapping says where in memory a file is mapped.
type mapping struct {
	base, length uintptr
	path         string
}

// mappings lists all current mappings. asFault finds in
// it the file to which the address of a fault belongs.
var mappings struct {
	sync.Mutex
	all []mapping
}

// Map maps the first size bytes of f read-only. size must be positive. The bytes stay mapped
// until Unmap, even after f is closed.
func Map(f *os.File, size int64) ([]byte, error) {
	data, err := mapFile(f, size)
	if err != nil {
		return nil, err
	}
	mappings.Lock()
	defer mappings.Unlock()
	mappings.all = append(mappings.all, mapping{Base(data), uintptr(len(data)), f.Name()})
	return data, nil
}

// Unmap undoes Map. data must be the slice that Map returned.
func Unmap(data []byte) error {
	mappings.Lock()
	for i, m := range mappings.all {
		if m.base == Base(data) {
			mappings.all = append(mappings.all[:i], mappings.all[i+1:]...)
			break
		}
	}
	mappings.Unlock()
	return unmapFile(data)
}

// Base returns the address of the first byte of data.
func Base(data []byte) uintptr { return uintptr(unsafe.Pointer(unsafe.SliceData(data))) }
