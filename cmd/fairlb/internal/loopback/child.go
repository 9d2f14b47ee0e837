//go:build linux

package loopback

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os/exec"
	"runtime"
	"strings"
	"sync"
	"syscall"
	"time"
)

// child is a program that runs beside this process.
type child struct {
	what    string   // for messages, such as "load balancer 1"
	program string   // a path
	args    []string // of its command line
	said    tail     // on stdout and stderr
}

// endPatience is how long a child has to end once it was asked to, before it is killed.
const endPatience = 2 * time.Second

// run runs the child until it ends, which is an error with what it said last, or until ctx
// is done, when it is asked to end. It is killed if this process is.
func (c *child) run(ctx context.Context) error {
	// The kernel kills the child as the thread ends that started it.
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	cmd := exec.CommandContext(ctx, c.program, c.args...)
	cmd.Stdout, cmd.Stderr = &c.said, &c.said
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	cmd.Cancel = func() error { return cmd.Process.Signal(syscall.SIGTERM) }
	cmd.WaitDelay = endPatience
	err := cmd.Run()
	switch {
	case ctx.Err() != nil:
		return nil
	case err == nil:
		err = errEnded
	}
	return fmt.Errorf("%s: %w: %s", c.what, err, c.said.text())
}

// errEnded reports a child that ended by itself, and well.
var errEnded = errors.New("it has ended")

// tail keeps the end of what is written.
type tail struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

// tailSize is how many bytes at the end are kept.
const tailSize = 4096

// Write implements io.Writer.
func (t *tail) Write(p []byte) (int, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.buf.Write(p)
	t.buf.Next(max(0, t.buf.Len()-tailSize))
	return len(p), nil
}

// text returns what was kept.
func (t *tail) text() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	return strings.TrimSpace(t.buf.String())
}
