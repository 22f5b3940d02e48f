package mmap

import (
	"os"
	"unsafe"

	"golang.org/x/sys/unix"
)

// hugePage is the size of a huge page in bytes.
const hugePage = 2 << 20

// mapFile maps size bytes of f read-only. The mapping outlives f. The
// mapping is shared, because some systems reserve memory of the process
// for private pages. Shared pages count as page cache on every system.
//
// Generation reads all weights for each token. With pages of 4 KB, the CPU spends a good part of
// the time on address translation. So mapFile starts the mapping at a multiple of 2 MB and asks
// for huge pages. File systems that support huge pages (ext4, XFS and Btrfs of recent kernels)
// then read the file in pieces of 2 MB. On other file systems, the request has no effect.
func mapFile(f *os.File, size int64) ([]byte, error) {
	if size < hugePage {
		return unix.Mmap(int(f.Fd()), 0, int(size), unix.PROT_READ, unix.MAP_SHARED)
	}
	n := uintptr(size)
	// Reserve more address space than the file needs, map the file at an aligned address
	// in it, and release the rest on both sides.
	room, err := unix.MmapPtr(-1, 0, nil, n+hugePage, unix.PROT_NONE, unix.MAP_PRIVATE|unix.MAP_ANON)
	if err != nil {
		return nil, err
	}
	before := -uintptr(room) & (hugePage - 1)
	start := unsafe.Add(room, before)
	if _, err := unix.MmapPtr(int(f.Fd()), 0, start, n, unix.PROT_READ, unix.MAP_SHARED|unix.MAP_FIXED); err != nil {
		_ = unix.MunmapPtr(room, n+hugePage)
		return nil, err
	}
	page := uintptr(unix.Getpagesize())
	end := before + (n+page-1)&^(page-1)
	if before > 0 {
		_ = unix.MunmapPtr(room, before)
	}
	if end < n+hugePage {
		_ = unix.MunmapPtr(unsafe.Add(room, end), n+hugePage-end)
	}
	data := unsafe.Slice((*byte)(start), int(size))
	_ = unix.Madvise(data, unix.MADV_HUGEPAGE) // advice only
	return data, nil
}

// unmapFile undoes mapFile.
func unmapFile(data []byte) error {
	return unix.MunmapPtr(unsafe.Pointer(unsafe.SliceData(data)), uintptr(len(data)))
}
