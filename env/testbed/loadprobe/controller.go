package loadprobe

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math"
	"math/rand/v2"
	"net"
	"net/netip"
	"time"

	"fairlb/env/parallel"
	"fairlb/env/testbed"
)

// ErrConfig reports a configuration by which nothing can be probed, ErrAnswer an answer
// that is none of the server that was asked.
var (
	ErrConfig = errors.New("loadprobe: cannot probe")
	ErrAnswer = errors.New("loadprobe: another server answers")
)

// Config says what a controller probes.
type Config struct {
	Addresses []netip.AddrPort // of responders, by server
	Frequency float64          // probes/s of each server, positive
	Begin     time.Time        // the time 0; a server is probed from a random time on, in the first period after it
	Duration  time.Duration    // from Begin to the end
	Patience  time.Duration    // for an answer; 0: 5 s
	Phase     *rand.Rand       // draws these random times
}

// Answer is an answer, and when it had come.
type Answer struct {
	Status
	Received time.Duration // since Begin
}

// Result is what came of the probes of one server.
type Result struct {
	Answers []Answer
	Missed  int             // probes that were not sent, since the one before was not answered yet
	Late    []time.Duration // how long after its time each probe was sent
	Traffic
}

// Traffic is what went over a connection, both ways. Segments are 0 where the kernel does
// not tell.
type Traffic struct {
	Sent, Received                 int // bytes of payload
	SegmentsSent, SegmentsReceived int // without those that open and close the connection
}

// Run probes each server until the end or until ctx is done, and returns what came of it.
func Run(ctx context.Context, cfg Config) ([]Result, error) {
	if !(cfg.Frequency > 0) || math.IsInf(cfg.Frequency, 0) || cfg.Duration <= 0 || cfg.Phase == nil {
		return nil, fmt.Errorf("%w: %g times a second for %s", ErrConfig, cfg.Frequency, cfg.Duration)
	}
	if cfg.Patience == 0 {
		cfg.Patience = 5 * time.Second
	}
	results := make([]Result, len(cfg.Addresses))
	group, ctx := parallel.NewGroup(ctx)
	for j, address := range cfg.Addresses {
		phase := cfg.Phase.Float64()
		group.Go(func() error {
			if err := results[j].probe(ctx, cfg, j, address, phase); err != nil {
				return fmt.Errorf("loadprobe: server %d at %s: %w", j, address, err)
			}
			return nil
		})
	}
	return results, group.Wait()
}

// probe probes one server.
func (r *Result) probe(ctx context.Context, cfg Config, server int, address netip.AddrPort, phase float64) error {
	dialer := net.Dialer{Timeout: cfg.Patience}
	conn, err := dialer.DialContext(ctx, "tcp4", address.String())
	if err != nil {
		if ctx.Err() != nil {
			return nil
		}
		return err
	}
	defer conn.Close()
	defer context.AfterFunc(ctx, func() { _ = conn.SetDeadline(time.Unix(1, 0)) })()
	opening := segments(conn)
	var request [RequestSize]byte
	var answer [AnswerSize]byte
	for k := 0; ; k++ {
		due := time.Duration((float64(k) + phase) / cfg.Frequency * float64(time.Second))
		if due >= cfg.Duration {
			break
		}
		if err := (testbed.SystemClock{}).WaitUntil(ctx, cfg.Begin.Add(due)); err != nil {
			break
		}
		late := time.Since(cfg.Begin) - due
		if late.Seconds()*cfg.Frequency >= 1 { // the next one is due
			r.Missed++
			continue
		}
		r.Late = append(r.Late, late)
		binary.BigEndian.PutUint32(request[:], uint32(k))
		if err := r.ask(conn, cfg.Patience, request[:], answer[:]); err != nil {
			if ctx.Err() != nil {
				break
			}
			return err
		}
		status := parseStatus(answer)
		if status.Server != server {
			return fmt.Errorf("%w: server %d", ErrAnswer, status.Server)
		}
		r.Answers = append(r.Answers, Answer{status, time.Since(cfg.Begin)})
	}
	if closing := segments(conn); closing.SegmentsSent > 0 {
		r.SegmentsSent, r.SegmentsReceived = closing.SegmentsSent-opening.SegmentsSent, closing.SegmentsReceived-opening.SegmentsReceived
	}
	return nil
}

// ask sends a probe and reads its answer.
func (r *Result) ask(conn net.Conn, patience time.Duration, request, answer []byte) error {
	if err := conn.SetDeadline(time.Now().Add(patience)); err != nil {
		return err
	}
	n, err := conn.Write(request)
	r.Sent += n
	if err != nil {
		return err
	}
	n, err = io.ReadFull(conn, answer)
	r.Received += n
	return err
}
