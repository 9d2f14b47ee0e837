//go:build linux

package epoll

import (
	"errors"
	"fmt"
	"runtime"

	"golang.org/x/sys/unix"
)

// Enter puts the goroutine into the network namespace of a file, as `ip netns` makes them:
// the sockets that it makes until leave are of that network, and stay so. It keeps the
// goroutine on its thread meanwhile. A thread that cannot go back ends with its goroutine.
func Enter(namespace string) (leave func() error, err error) {
	runtime.LockOSThread()
	here, err := unix.Open("/proc/thread-self/ns/net", unix.O_RDONLY|unix.O_CLOEXEC, 0)
	if err == nil {
		var there int
		if there, err = unix.Open(namespace, unix.O_RDONLY|unix.O_CLOEXEC, 0); err == nil {
			err = unix.Setns(there, unix.CLONE_NEWNET)
			Close(there)
		}
		if err != nil {
			Close(here)
		}
	}
	if err != nil {
		runtime.UnlockOSThread()
		return nil, fmt.Errorf("namespace %s: %w", namespace, err)
	}
	return func() error {
		err := unix.Setns(here, unix.CLONE_NEWNET)
		Close(here)
		if err != nil {
			return fmt.Errorf("leaving namespace %s: %w", namespace, err)
		}
		runtime.UnlockOSThread()
		return nil
	}, nil
}

// Within does something in the network namespace of a file; where that is empty, here.
func Within(namespace string, do func() error) error {
	if namespace == "" {
		return do()
	}
	leave, err := Enter(namespace)
	if err != nil {
		return err
	}
	return errors.Join(do(), leave())
}
