package shm

import "errors"

var (
	// ErrUnsupported reports a system on which regions cannot be mapped: anything but
	// Linux on a little-endian processor.
	ErrUnsupported = errors.New("shm: shared memory is supported on Linux with little-endian processors only")
	// ErrNotRegion reports a file that is no region of a layout that is known, or one
	// whose header cannot be right.
	ErrNotRegion = errors.New("shm: not a shared memory region")
	// ErrCorrupt reports content that no writer of the layout leaves behind.
	ErrCorrupt = errors.New("shm: corrupt shared memory")
	// ErrTaken reports that another live process already has the part of a region's
	// plane, or of what steers it.
	ErrTaken = errors.New("shm: another process has this part of the region")
	// ErrConfig reports sizes or names that a region cannot have.
	ErrConfig = errors.New("shm: invalid configuration")
	// ErrWeights reports weights that cannot be written.
	ErrWeights = errors.New("shm: invalid weights")
	// errFault reports an access to memory whose file has been cut short.
	errFault = errors.New("shm: the file was cut short while it was mapped")
)
