//go:build linux

package epoll

import (
	"errors"
	"fmt"
	"math"
	"runtime"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"
)

// Events that a socket can be watched for: each change is told once. An error, and the
// end of both sides, are told always.
const (
	ToRead  = unix.EPOLLIN | unix.EPOLLRDHUP | unix.EPOLLET
	ToWrite = ToRead | unix.EPOLLOUT
)

// Event is what has happened to a socket.
type Event struct {
	Socket     int
	Generation int32  // that it was watched with
	What       uint32 // unix.EPOLLIN, ...
}

// Gone says whether nothing can be sent to the other side any more.
func (e Event) Gone() bool { return e.What&(unix.EPOLLHUP|unix.EPOLLERR) != 0 }

// Poller tells of sockets to which something has happened. All but Wake belongs to one
// goroutine.
type Poller struct {
	epoll  int
	wake   int // an eventfd
	coarse bool
	events []unix.EpollEvent
	told   []Event
}

// NewPoller returns a Poller without sockets.
func NewPoller() (*Poller, error) {
	epoll, err := unix.EpollCreate1(unix.EPOLL_CLOEXEC)
	if err != nil {
		return nil, fmt.Errorf("epoll: create: %w", err)
	}
	wake, err := unix.Eventfd(0, unix.EFD_CLOEXEC|unix.EFD_NONBLOCK)
	if err != nil {
		return nil, errors.Join(fmt.Errorf("epoll: eventfd: %w", err), unix.Close(epoll))
	}
	p := &Poller{epoll: epoll, wake: wake, events: make([]unix.EpollEvent, 512)}
	if errno := p.Watch(wake, 0, unix.EPOLLIN); errno != 0 {
		return nil, errors.Join(fmt.Errorf("epoll: eventfd: %w", errno), p.Close())
	}
	return p, nil
}

// Close frees the Poller; the sockets are their owners' to close.
func (p *Poller) Close() error { return errors.Join(unix.Close(p.wake), unix.Close(p.epoll)) }

// Watch has the Poller tell of such events on a socket. The generation, which comes back
// with each event, tells a socket from another that had its number before and was closed
// after the event.
func (p *Poller) Watch(socket int, generation int32, events uint32) unix.Errno {
	return p.control(unix.EPOLL_CTL_ADD, socket, generation, events)
}

// Change sets for which events a socket that is watched already is watched.
func (p *Poller) Change(socket int, generation int32, events uint32) unix.Errno {
	return p.control(unix.EPOLL_CTL_MOD, socket, generation, events)
}

func (p *Poller) control(operation uintptr, socket int, generation int32, events uint32) unix.Errno {
	e := unix.EpollEvent{Events: events, Fd: int32(socket), Pad: generation}
	_, _, errno := unix.RawSyscall6(unix.SYS_EPOLL_CTL, uintptr(p.epoll), operation, uintptr(socket), uintptr(unsafe.Pointer(&e)), 0, 0)
	return errno
}

// Wake ends the Wait that is under way, or the next. Any goroutine may call it, until
// Close.
func (p *Poller) Wake() {
	one := [8]byte{1} // of either byte order: any number but 0 wakes
	_, _ = unix.Write(p.wake, one[:])
}

// Wait waits until something happens, at most so long; a negative time is no limit. The
// events are the Poller's own until the next Wait.
func (p *Poller) Wait(limit time.Duration) ([]Event, error) {
	n, err := p.wait(limit)
	if err != nil && err != unix.EINTR {
		return nil, fmt.Errorf("epoll: wait: %w", err)
	}
	p.told = p.told[:0]
	for _, e := range p.events[:max(n, 0)] {
		if int(e.Fd) == p.wake {
			var count [8]byte
			_, _ = unix.Read(p.wake, count[:])
			continue
		}
		p.told = append(p.told, Event{int(e.Fd), e.Pad, e.Events})
	}
	return p.told, nil
}

// wait sleeps to the nanosecond where the kernel can (Linux 5.11), else to the
// millisecond.
func (p *Poller) wait(limit time.Duration) (int, error) {
	if limit < 0 {
		return unix.EpollWait(p.epoll, p.events, -1)
	}
	if !p.coarse {
		timeout := unix.NsecToTimespec(limit.Nanoseconds())
		n, _, errno := unix.Syscall6(unix.SYS_EPOLL_PWAIT2, uintptr(p.epoll), uintptr(unsafe.Pointer(unsafe.SliceData(p.events))), uintptr(len(p.events)), uintptr(unsafe.Pointer(&timeout)), 0, 0)
		if errno == 0 {
			return int(n), nil
		}
		if errno != unix.ENOSYS {
			return -1, errno
		}
		p.coarse = true
	}
	return unix.EpollWait(p.epoll, p.events, int(min((limit+time.Millisecond-1)/time.Millisecond, math.MaxInt32)))
}

// shortTurn (ns) is how long a turn is that LockPunctual asks for.
const shortTurn = 100_000

// LockPunctual keeps the goroutine on its thread, which wakes as near to the time as the
// kernel lets anyone: timers have no slack, and the scheduler is asked for short, frequent
// turns. What it is refused it does without. It returns what undoes the lock.
func LockPunctual() (unlock func()) {
	runtime.LockOSThread()
	_ = unix.Prctl(unix.PR_SET_TIMERSLACK, 1, 0, 0, 0)
	if attr, err := unix.SchedGetAttr(0, 0); err == nil && attr.Policy == unix.SCHED_NORMAL {
		attr.Size, attr.Runtime = unix.SizeofSchedAttr, shortTurn
		_ = unix.SchedSetAttr(0, attr, 0)
	}
	return runtime.UnlockOSThread
}
