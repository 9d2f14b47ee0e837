package haproxy

import (
	"fmt"
	"strconv"
	"strings"
)

// serverState is what `show servers state` says of a server.
type serverState struct {
	name      string
	address   string // by which a server of the same name is known to be another
	operation uint64 // srv_op_state
	admin     uint64 // srv_admin_state, a set of bits
	weight    int    // srv_uweight: the one that was written last, by whomever
	initial   int    // srv_iweight: the one of the configuration
}

// Values of srv_op_state, and bits of srv_admin_state, that let a server have new flows
// or keep it from them.
const (
	operationStarting = 1
	operationRunning  = 2
	adminOut          = 0x3f // all kinds of maintenance and of draining
)

// in says whether HAProxy sends the server new flows, if it is no backup.
func (s *serverState) in() bool {
	return (s.operation == operationStarting || s.operation == operationRunning) && s.admin&adminOut == 0 && s.weight > 0
}

// stateVersion is the version of the table that is understood.
const stateVersion = "1"

// parseStates decodes the reply of `show servers state BACKEND`: a version, a header,
// and a line of fields between spaces for each server.
func parseStates(text, backend string, most int) ([]serverState, error) {
	lines := strings.Split(strings.TrimSpace(text), "\n")
	if len(lines) < 2 || lines[0] != stateVersion || !strings.HasPrefix(lines[1], "# ") {
		return nil, refusal("show servers state "+backend, text)
	}
	header := strings.Fields(lines[1])[1:]
	column := map[string]int{}
	for k, name := range header {
		column[name] = k
	}
	for _, name := range []string{"be_name", "srv_name", "srv_addr", "srv_port", "srv_op_state", "srv_admin_state", "srv_uweight", "srv_iweight"} {
		if _, ok := column[name]; !ok {
			return nil, fmt.Errorf("%w: show servers state has no column %s", ErrReply, name)
		}
	}
	var states []serverState
	known := map[string]bool{}
	for _, line := range lines[2:] {
		fields := strings.Fields(line)
		if len(fields) != len(header) || fields[column["be_name"]] != backend {
			return nil, fmt.Errorf("%w: show servers state: %.80q", ErrReply, line)
		}
		s := serverState{
			name:    fields[column["srv_name"]],
			address: fields[column["srv_addr"]] + " " + fields[column["srv_port"]],
		}
		var faults [4]error
		var weight, initial uint64
		s.operation, faults[0] = strconv.ParseUint(fields[column["srv_op_state"]], 10, 8)
		s.admin, faults[1] = strconv.ParseUint(fields[column["srv_admin_state"]], 10, 32)
		weight, faults[2] = strconv.ParseUint(fields[column["srv_uweight"]], 10, 16)
		initial, faults[3] = strconv.ParseUint(fields[column["srv_iweight"]], 10, 16)
		if faults != [4]error{} || weight > maxWeight || initial > maxWeight || !validName(s.name) || known[s.name] {
			return nil, fmt.Errorf("%w: show servers state: %.80q", ErrReply, line)
		}
		if len(states) == most {
			return nil, fmt.Errorf("%w: backend %s has more than %d servers", ErrBackend, backend, most)
		}
		s.weight, s.initial = int(weight), int(initial)
		known[s.name] = true
		states = append(states, s)
	}
	return states, nil
}
