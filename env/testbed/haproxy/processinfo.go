package haproxy

import (
	"fmt"
	"strconv"
	"strings"
)

// processInfo is what `show info` says of the process that answers.
type processInfo struct {
	version string
	pid     uint64
	uptime  uint64 // s
	started uint64 // s since 1970; 0: it does not say
}

// parseInfo decodes the reply of `show info`: lines of a name, a colon and a value.
func parseInfo(text string) (processInfo, error) {
	var info processInfo
	found := map[string]bool{}
	for line := range strings.Lines(text) {
		name, value, ok := strings.Cut(strings.TrimRight(line, "\r\n"), ": ")
		if !ok {
			continue // a value may be empty
		}
		number := map[string]*uint64{"Pid": &info.pid, "Uptime_sec": &info.uptime, "Start_time_sec": &info.started}[name]
		if name == "Version" {
			info.version = value
		}
		if number == nil {
			continue
		}
		n, err := strconv.ParseUint(value, 10, 63)
		if err != nil || found[name] {
			return processInfo{}, fmt.Errorf("%w: show info: %s = %.40q", ErrReply, name, value)
		}
		*number, found[name] = n, true
	}
	if !found["Pid"] || !found["Uptime_sec"] {
		return processInfo{}, fmt.Errorf("%w: show info has no Pid or no Uptime_sec", ErrReply)
	}
	return info, nil
}

// restarted says whether another process answers than the one that answered before.
func (i processInfo) restarted(before processInfo) bool {
	return i.pid != before.pid || i.started != before.started || i.uptime < before.uptime
}
