package apache

import (
	"errors"
	"fmt"
	"os"
	"strconv"
	"strings"
)

// machineTime is how long (ticks) the machine's cores have been what.
type machineTime struct{ busy, stolen, all float64 }

// readMachine reads /proc/stat.
func readMachine() (m machineTime, err error) {
	b, err := os.ReadFile("/proc/stat")
	if err != nil {
		return m, err
	}
	line, _, _ := strings.Cut(string(b), "\n")
	const idle, wait, stolen, guest = 3, 4, 7, 8
	for k, field := range strings.Fields(line)[1:] {
		x, err := strconv.ParseFloat(field, 64)
		switch {
		case err != nil:
			return m, err
		case k >= guest: // they are in user time
			continue
		case k == stolen:
			m.stolen += x
		}
		if m.all += x; k != idle && k != wait {
			m.busy += x
		}
	}
	return m, nil
}

// Overflows returns how often the kernel has found the backlog of a server full.
func (s *Servers) Overflows(server int) (int, error) {
	b, err := os.ReadFile(fmt.Sprintf("/proc/%d/net/netstat", s.servers[server].pid))
	if err != nil {
		return 0, err
	}
	return overflows(string(b))
}

// overflows finds ListenOverflows in the kernel's table of TCP counts, of which a line has
// the names and the next one the values.
func overflows(table string) (int, error) {
	var names []string
	for line := range strings.Lines(table) {
		fields := strings.Fields(line)
		for k, name := range names {
			if name == "ListenOverflows" && k < len(fields) {
				return strconv.Atoi(fields[k])
			}
		}
		names = fields
	}
	return 0, errors.New("no ListenOverflows in the table of TCP counts")
}
