package machine

import (
	"errors"
	"fmt"
	"os"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"
)

// ticks are those of /proc/stat in a second, on every architecture that Go has.
const ticks = 100

// read reads what has been used so far.
func read() (u usage, err error) {
	text, err := os.ReadFile("/proc/stat")
	if err != nil {
		return u, err
	}
	if u, err = parse(string(text)); err != nil {
		return u, err
	}
	for _, who := range []int{unix.RUSAGE_SELF, unix.RUSAGE_CHILDREN} {
		var r unix.Rusage
		if err := unix.Getrusage(who, &r); err != nil {
			return u, err
		}
		u.own += float64(r.Utime.Nano()+r.Stime.Nano()) / 1e9
	}
	return u, nil
}

// errStat reports a first line of /proc/stat that is not as it should be.
var errStat = errors.New("machine: /proc/stat is not understood")

// parse reads the first line of /proc/stat: ticks of user, nice, system, idle, iowait, irq,
// softirq and stolen time. Guests' time behind them is in user's already.
func parse(text string) (u usage, err error) {
	line, _, _ := strings.Cut(text, "\n")
	fields := strings.Fields(line)
	if len(fields) < 9 || fields[0] != "cpu" {
		return u, fmt.Errorf("%w: %.80q", errStat, line)
	}
	for k, field := range fields[1:9] {
		n, err := strconv.ParseUint(field, 10, 63)
		if err != nil {
			return u, fmt.Errorf("%w: %.80q", errStat, line)
		}
		x := float64(n) / ticks
		u.total += x
		switch k {
		case 3, 4:
			u.idle += x
		case 7:
			u.stolen = x
		}
	}
	return u, nil
}
