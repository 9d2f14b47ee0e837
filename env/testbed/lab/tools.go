package lab

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
)

// ErrUnsupported reports that the system has not what a lab needs.
var ErrUnsupported = errors.New("lab: not to be had here")

// Tools are what a lab needs of the system.
type Tools struct {
	IP    string // the program of iproute2
	TC    string // its program of queues before interfaces; empty: it is not there
	Group Controller
}

// Find looks for what a lab needs, control groups only if they must be there, and names all
// that is missing.
func Find(groups bool) (t Tools, err error) {
	var faults []error
	fault := func(format string, args ...any) {
		faults = append(faults, fmt.Errorf("%w: "+format, append([]any{ErrUnsupported}, args...)...))
	}
	if runtime.GOOS != "linux" {
		return t, fmt.Errorf("%w: namespaces are Linux's", ErrUnsupported)
	}
	if os.Geteuid() != 0 {
		fault("namespaces and quotas need root")
	}
	if t.IP = LookPath("ip"); t.IP == "" {
		fault("no ip: install Debian's package iproute2")
	}
	t.TC = LookPath("tc")
	if t.Group, err = findController("/proc/self/mountinfo"); err != nil && groups {
		fault("%w", err)
	}
	return t, errors.Join(faults...)
}

// LookPath finds a program, or returns nothing; those of the system's administration may be
// in no user's PATH.
func LookPath(name string) string {
	for _, folder := range append(filepath.SplitList(os.Getenv("PATH")), "/usr/sbin", "/sbin") {
		path := filepath.Join(folder, name)
		if info, err := os.Stat(path); err == nil && info.Mode().IsRegular() && info.Mode()&0o111 != 0 {
			return path
		}
	}
	return ""
}
