package shm

import (
	"fmt"
	"runtime/debug"
	"sync/atomic"
	"unsafe"

	"fairlb/env/testbed"
)

// region is a file that is mapped into memory.
type region struct {
	path string
	file int // descriptor; -1: the memory has no file
	data []byte
}

// words returns the memory as words. It is aligned: a mapping begins at a page.
func (r *region) words() []atomic.Uint64 {
	return unsafe.Slice((*atomic.Uint64)(unsafe.Pointer(unsafe.SliceData(r.data))), len(r.data)/wordBytes)
}

// Parts of a region that one process at a time has, as the offsets of the bytes that it
// locks in the file. The kernel takes the lock away when the process ends, however it
// does.
const (
	planePart = 0
	agentPart = 1
)

// recoverFault makes accesses to mapped memory safe against a file that was cut short
// after the last check: the kernel then sends SIGBUS, which ends a Go program unless
// the goroutine has asked for a panic. It is used as
//
//	defer r.recoverFault(debug.SetPanicOnFault(true), &err)
//
// which restores the goroutine's setting and turns a fault within the region into an
// error. Any other panic goes on.
func (r *region) recoverFault(previous bool, err *error) {
	debug.SetPanicOnFault(previous)
	fault := recover()
	if fault == nil {
		return
	}
	at, ok := fault.(interface{ Addr() uintptr })
	begin := uintptr(unsafe.Pointer(unsafe.SliceData(r.data)))
	if !ok || at.Addr() < begin || at.Addr() >= begin+uintptr(len(r.data)) {
		panic(fault)
	}
	*err = fmt.Errorf("%w: %s: %w", testbed.ErrPlaneGone, r.path, errFault)
}
