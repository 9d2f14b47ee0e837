package overhead

import (
	"context"
	"errors"
	"io"
	"net"
	"sync/atomic"
	"time"

	"fairlb/env/parallel"
)

// traffic is a controller and its agents.
type traffic struct {
	received atomic.Int64
	group    *parallel.Group
	stop     context.CancelFunc
}

// begin connects a controller to agents at a listener, and has it send to all of them at the
// same moments until end is called. dial connects to the listener. A message that is not sent
// when the next is due is finished first, and the next begins at once.
func begin(ctx context.Context, listener net.Listener, dial func() (net.Conn, error), load Load, period time.Duration) (*traffic, error) {
	t := &traffic{}
	ctx, t.stop = context.WithCancel(ctx)
	t.group, ctx = parallel.NewGroup(ctx)
	var conns []net.Conn
	for range load.Agents {
		out, err := dial()
		if err != nil {
			return nil, errors.Join(err, t.end())
		}
		context.AfterFunc(ctx, func() { out.Close() })
		in, err := listener.Accept()
		if err != nil {
			return nil, errors.Join(err, t.end())
		}
		context.AfterFunc(ctx, func() { in.Close() })
		t.group.Go(func() error {
			_, _ = io.Copy(writes{&t.received}, in) // until the connection ends
			return nil
		})
		conns = append(conns, out)
	}
	message, begun := make([]byte, load.Bytes), time.Now()
	for _, conn := range conns {
		t.group.Go(func() error { return send(ctx, conn, message, begun, period) })
	}
	return t, nil
}

// send sends a message each period from a time on.
func send(ctx context.Context, conn net.Conn, message []byte, due time.Time, period time.Duration) error {
	for {
		if _, err := conn.Write(message); ctx.Err() != nil {
			return nil
		} else if err != nil {
			return err
		}
		due = due.Add(period)
		if sleep(ctx, time.Until(due)) != nil {
			return nil
		}
	}
}

// end ends all.
func (t *traffic) end() error {
	t.stop()
	return t.group.Wait()
}

// writes counts what is written.
type writes struct{ count *atomic.Int64 }

func (w writes) Write(p []byte) (int, error) {
	w.count.Add(int64(len(p)))
	return len(p), nil
}
