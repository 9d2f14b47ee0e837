package probing

import (
	"bufio"
	"bytes"
	"context"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
	"time"
)

// Source is a responder in a process of its own.
type Source struct {
	cfg   Config
	at    places
	tell  io.WriteCloser
	heard *bufio.Reader
	end   func() error
}

// Start runs a program that does nothing but Respond with its standard input and output.
// It ends at the latest when ctx is done.
func Start(ctx context.Context, program string, args []string, cfg Config) (*Source, error) {
	if err := cfg.Check(); err != nil {
		return nil, err
	}
	var said bytes.Buffer
	cmd := exec.CommandContext(ctx, program, args...)
	cmd.Stderr = &said
	cmd.WaitDelay = patience
	tell, err := cmd.StdinPipe()
	if err != nil {
		return nil, fmt.Errorf("probing: %w", err)
	}
	cmd.Cancel = tell.Close // it ends by itself, and leaves nothing; else it is killed
	out, err := cmd.StdoutPipe()
	if err != nil {
		return nil, fmt.Errorf("probing: %w", err)
	}
	if err := cmd.Start(); err != nil {
		return nil, fmt.Errorf("probing: the process that answers: %w", err)
	}
	s := &Source{cfg: cfg, tell: tell, heard: bufio.NewReader(out)}
	s.end = func() error {
		var err error
		if closed := tell.Close(); !errors.Is(closed, os.ErrClosed) {
			err = closed
		}
		if ended := cmd.Wait(); ended != nil && ctx.Err() == nil {
			err = errors.Join(err, fmt.Errorf("probing: the process that answers: %w: %s", ended, strings.TrimSpace(said.String())))
		}
		if s.at.Folder != "" { // where it was killed
			err = errors.Join(err, os.RemoveAll(s.at.Folder))
		}
		return err
	}
	if err := s.meet(); err != nil {
		return nil, errors.Join(fmt.Errorf("probing: the process that answers does not say where: %w", err), s.end())
	}
	return s, nil
}

// meet tells the responder what to publish, and hears where it is.
func (s *Source) meet() error {
	line, err := json.Marshal(s.cfg)
	if err != nil {
		return err
	}
	if _, err := s.tell.Write(append(line, '\n')); err != nil {
		return err
	}
	if line, err = s.heard.ReadBytes('\n'); err != nil {
		return err
	}
	return json.Unmarshal(line, &s.at)
}

// do has the responder do something, and returns the number of the publication after it.
func (s *Source) do(what byte) (uint64, error) {
	var number [8]byte
	_, err := s.tell.Write([]byte{what})
	if err == nil {
		_, err = io.ReadFull(s.heard, number[:])
	}
	if err != nil {
		return 0, fmt.Errorf("probing: the process that answers has gone: %w", err)
	}
	return binary.LittleEndian.Uint64(number[:]), nil
}

// Close ends the responder.
func (s *Source) Close() error { return s.end() }

// Config is what the responder publishes.
func (s *Source) Config() Config { return s.cfg }

// sleep waits, or returns the reason for which ctx is done.
func sleep(ctx context.Context, d time.Duration) error {
	if d > 0 {
		t := time.NewTimer(d)
		defer t.Stop()
		select {
		case <-ctx.Done():
		case <-t.C:
		}
	}
	return context.Cause(ctx)
}
