package lab

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/gofrs/flock"
)

const (
	folder = "/run/fairlb-testbed" // of all labs' locks and files
	// labs is how many there can be at once: each has 1024 addresses of 198.18.0.0/15.
	labs = 128
)

// Lab is a number and what is made under it.
type Lab struct {
	number int
	tools  Tools
	lock   *flock.Flock
}

// Take takes the least number that no living lab has, and removes what labs left that
// crashed.
func Take(t Tools) (*Lab, error) {
	if err := os.MkdirAll(folder, 0o755); err != nil {
		return nil, err
	}
	if err := Sweep(t); err != nil {
		return nil, err
	}
	for n := range labs {
		l := &Lab{number: n, tools: t}
		if l.taken() {
			continue
		}
		l.lock = l.locked()
		ok, err := l.lock.TryLock()
		if err != nil {
			return nil, err
		}
		if !ok {
			continue
		}
		err = l.remove() // one may have crashed since
		if err == nil {
			err = os.MkdirAll(l.Files(), 0o755) // by it a sweep finds the rest
		}
		if err != nil {
			return nil, errors.Join(err, l.lock.Unlock())
		}
		return l, nil
	}
	return nil, fmt.Errorf("%w: %d labs live", ErrUnsupported, labs)
}

// Number is the lab's.
func (l *Lab) Number() int { return l.number }

// Group is the control group of all that the lab runs; Make makes it.
func (l *Lab) Group() string { return fmt.Sprintf("fairlb%d", l.number) }

// Files is the folder of the lab's files.
func (l *Lab) Files() string { return filepath.Join(folder, strconv.Itoa(l.number)) }

// Namespace is the name of a network namespace of the lab's, and Path where it is once
// it has been made.
func (l *Lab) Namespace(part string) string { return fmt.Sprintf("fairlb%d-%s", l.number, part) }

// Path is where a network namespace is, once it has been made.
func (l *Lab) Path(part string) string { return filepath.Join("/run/netns", l.Namespace(part)) }

// Link is the name of an interface of the lab's.
func (l *Lab) Link(part string) string { return fmt.Sprintf("fl%d-%s", l.number, part) }

// Blocks of a lab's addresses, of 256 each.
const (
	ServerBlock  = iota // of links to servers
	EdgeBlock           // of links to load balancers
	VirtualBlock        // of virtual addresses
)

// Pair returns the two addresses, 30 bits of which are alike, of the k-th of 64 links.
func (l *Lab) Pair(block, k int) (here, there netip.Addr) {
	here = l.address(block, 4*k).Next()
	return here, here.Next()
}

// Virtual returns the k-th virtual address.
func (l *Lab) Virtual(k int) netip.Addr { return l.address(VirtualBlock, k+1) }

func (l *Lab) address(block, k int) netip.Addr {
	n := 4*l.number + block
	return netip.AddrFrom4([4]byte{198, 18 + byte(n>>8), byte(n), byte(k)})
}

// Batch has iproute2 do the lines of a text, in a namespace or, where that is empty, here.
func (l *Lab) Batch(namespace, lines string) error {
	args := []string{"-batch", "-"}
	if namespace != "" {
		args = append([]string{"-n", namespace}, args...)
	}
	return run(l.tools.IP, lines, args...)
}

// Traffic has tc do the lines of a text, in a namespace, on the queues before its interfaces.
func (l *Lab) Traffic(namespace, lines string) error {
	if l.tools.TC == "" {
		return fmt.Errorf("%w: no tc: install Debian's package iproute2", ErrUnsupported)
	}
	return run(l.tools.TC, lines, "-n", namespace, "-batch", "-")
}

// Close removes all that the lab made, and frees the number.
func (l *Lab) Close() error { return errors.Join(l.remove(), l.lock.Unlock()) }

// locked is the file whose lock says that a lab lives. It stays, so that nobody locks one
// that another has just removed.
func (l *Lab) locked() *flock.Flock {
	return flock.New(filepath.Join(folder, strconv.Itoa(l.number)+".lock"))
}

// own says whether an interface is one of the lab's.
func (l *Lab) own(name string) bool { return strings.HasPrefix(name, l.Link("")) }

// taken says whether somebody else has an address of the lab's.
func (l *Lab) taken() bool {
	block := netip.PrefixFrom(l.address(0, 0), 22)
	interfaces, _ := net.Interfaces()
	for _, i := range interfaces {
		if l.own(i.Name) {
			continue // left by a lab
		}
		addresses, _ := i.Addrs()
		for _, a := range addresses {
			if prefix, err := netip.ParsePrefix(a.String()); err == nil && prefix.Overlaps(block) {
				return true
			}
		}
	}
	return false
}

// Sweep removes what labs left that do not live any more.
func Sweep(t Tools) error {
	entries, err := os.ReadDir(folder)
	if err != nil {
		return err
	}
	var errs []error
	for _, entry := range entries {
		k, err := strconv.Atoi(entry.Name())
		if err != nil || !entry.IsDir() {
			continue
		}
		l := &Lab{number: k, tools: t}
		lock := l.locked()
		if ok, err := lock.TryLock(); err != nil || !ok {
			errs = append(errs, err)
			continue
		}
		errs = append(errs, l.remove(), lock.Unlock())
	}
	return errors.Join(errs...)
}

// remove removes everything that a lab made: its processes, its namespaces and interfaces,
// its control groups, and last its folder, by which a later sweep finds what this one could
// not remove.
func (l *Lab) remove() error {
	for deadline := time.Now().Add(10 * time.Second); ; time.Sleep(5 * time.Millisecond) {
		left := l.tools.Group.Processes(l.Group())
		if len(left) == 0 {
			break
		}
		if time.Now().After(deadline) {
			return fmt.Errorf("lab: processes %v of lab %d do not end", left, l.number)
		}
		for _, pid := range left {
			_ = syscall.Kill(pid, syscall.SIGKILL) // it may have ended
		}
	}
	var errs []error
	interfaces, err := net.Interfaces()
	errs = append(errs, err)
	for _, i := range interfaces {
		if l.own(i.Name) {
			errs = append(errs, run(l.tools.IP, "", "link", "del", i.Name))
		}
	}
	namespaces, _ := filepath.Glob(l.Path("*")) // the pattern is one
	for _, path := range namespaces {
		errs = append(errs, run(l.tools.IP, "", "netns", "del", filepath.Base(path)))
	}
	errs = append(errs, l.tools.Group.Remove(l.Group()))
	if err := errors.Join(errs...); err != nil {
		return err
	}
	return os.RemoveAll(l.Files())
}

// run runs a program to its end, with what it is to read. Its error has what it said.
func run(program, input string, args ...string) error {
	ctx, stop := context.WithTimeout(context.Background(), 30*time.Second)
	defer stop()
	c := exec.CommandContext(ctx, program, args...)
	c.Stdin = strings.NewReader(input)
	if said, err := c.CombinedOutput(); err != nil {
		return fmt.Errorf("%s %s: %w: %s", filepath.Base(program), strings.Join(args, " "), err, strings.TrimSpace(string(said)))
	}
	return nil
}

// Left returns what there is of the lab of a number that does not live; of one that does,
// it says so.
func Left(t Tools, number int) (names []string, living bool, err error) {
	l := &Lab{number: number, tools: t}
	lock := l.locked()
	if ok, err := lock.TryLock(); err != nil || !ok {
		return nil, true, err
	}
	for _, pid := range t.Group.Processes(l.Group()) {
		names = append(names, fmt.Sprintf("process %d", pid))
	}
	namespaces, _ := filepath.Glob(l.Path("*")) // the pattern is one
	names = append(names, namespaces...)
	interfaces, err := net.Interfaces()
	for _, i := range interfaces {
		if l.own(i.Name) {
			names = append(names, i.Name)
		}
	}
	folders := []string{l.Files()}
	for _, root := range t.Group.roots() {
		folders = append(folders, filepath.Join(root, l.Group()))
	}
	for _, path := range folders {
		if _, err := os.Stat(path); err == nil {
			names = append(names, path)
		}
	}
	return names, false, errors.Join(err, lock.Unlock())
}
