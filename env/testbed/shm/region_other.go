//go:build !linux

package shm

import "time"

func openRegion(string) (*region, error)      { return nil, ErrUnsupported }
func ownRegion(string) (*region, error)       { return nil, ErrUnsupported }
func makeRegion(string, int) (*region, error) { return nil, ErrUnsupported }
func (r *region) install(string, bool) error  { return ErrUnsupported }
func (r *region) check() error                { return ErrUnsupported }
func (r *region) lock(int64) error            { return ErrUnsupported }
func (r *region) close() error                { return nil }
func (r *region) remove() error               { return ErrUnsupported }

// Clock is the machine's monotonic clock, which all processes share.
type Clock struct {
	anchor time.Time
	at     time.Duration // of anchor
}

// NewClock fails: only Linux's clock is known to be shared.
func NewClock() (Clock, error) { return Clock{}, ErrUnsupported }

func startOf() uint64 { return 0 }
