//go:build !linux

package plane

import (
	"context"
	"net/netip"
	"sync/atomic"

	"github.com/sirupsen/logrus"
)

// engine stands for the balancer where there is none: it is never made.
type engine struct{ ready atomic.Bool }

func newEngine(Config, logrus.FieldLogger) (*engine, error) { return nil, ErrUnsupported }

func (*engine) run(context.Context) error           { return ErrUnsupported }
func (*engine) close() error                        { return nil }
func (*engine) reload(Config) error                 { return ErrUnsupported }
func (*engine) drain(context.Context) error         { return ErrUnsupported }
func (*engine) setUp(string, bool) error            { return ErrUnsupported }
func (*engine) setDrained(string, bool) error       { return ErrUnsupported }
func (*engine) setWeights(map[string]float64) error { return ErrUnsupported }
func (*engine) snapshot() Snapshot                  { return Snapshot{} }
func (*engine) readRecords([]Record) int            { return 0 }
func (*engine) addresses() []netip.AddrPort         { return nil }
