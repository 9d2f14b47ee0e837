package haproxy

import (
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
)

// statistics are what `show stat` says of a server.
type statistics struct {
	name         string
	queued       uint64 // qcur: flows that wait for the server to have room
	current      uint64 // scur: flows that it has
	total        uint64 // stot: flows and tries that were sent there
	redispatches uint64 // wredis: tries that failed, after which another server was tried
	backup       bool   // bck: it gets flows only when no other server can
}

// backendStatistics are what `show stat` says of a backend.
type backendStatistics struct {
	algorithm string // algo: how it balances; "unknown" or empty where HAProxy does not say
	active    uint64 // act: servers that are up and are no backups
	servers   []statistics
}

// Values of the column type.
const (
	rowBackend = "1"
	rowServer  = "2"
)

// table is a table of `show stat` whose columns are found by name.
type table struct {
	column map[string]int
	row    []string
	fault  error
}

// text returns a value of the row.
func (t *table) text(column string) string { return t.row[t.column[column]] }

// count returns a value of the row that must be a number, 0 if it is empty.
func (t *table) count(column string) uint64 {
	text := t.text(column)
	if text == "" {
		return 0
	}
	n, err := strconv.ParseUint(text, 10, 63)
	if err != nil && t.fault == nil {
		t.fault = fmt.Errorf("%w: show stat: %s of %.40q is %.40q", ErrReply, column, t.text("svname"), text)
	}
	return n
}

// parseStatistics decodes the reply of `show stat BACKEND 6 -1`, comma-separated
// values under a header. Columns that it needs must be there, in any order, among any
// others.
func parseStatistics(text, backend string, most int) (backendStatistics, error) {
	r := csv.NewReader(strings.NewReader(strings.TrimPrefix(text, "# ")))
	r.LazyQuotes, r.ReuseRecord = true, true
	header, err := r.Read()
	if err != nil {
		return backendStatistics{}, fmt.Errorf("%w: show stat: %w", ErrReply, err)
	}
	t := table{column: map[string]int{}}
	for k, name := range header {
		t.column[name] = k
	}
	for _, name := range []string{"pxname", "svname", "type", "qcur", "scur", "stot", "wredis", "act", "bck", "algo"} {
		if _, ok := t.column[name]; !ok {
			return backendStatistics{}, fmt.Errorf("%w: show stat has no column %s", ErrReply, name)
		}
	}
	var b backendStatistics
	known := map[string]bool{}
	for {
		t.row, err = r.Read()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return backendStatistics{}, fmt.Errorf("%w: show stat: %w", ErrReply, err)
		}
		if t.text("pxname") != backend {
			return backendStatistics{}, fmt.Errorf("%w: show stat tells of %.40q", ErrReply, t.text("pxname"))
		}
		switch t.text("type") {
		case rowBackend:
			b.algorithm, b.active = strings.Clone(t.text("algo")), t.count("act")
		case rowServer:
			s := statistics{
				name: strings.Clone(t.text("svname")), queued: t.count("qcur"), current: t.count("scur"),
				total: t.count("stot"), redispatches: t.count("wredis"), backup: t.count("bck") > 0,
			}
			if !validName(s.name) || known[s.name] || len(b.servers) == most {
				return backendStatistics{}, fmt.Errorf("%w: show stat: server %d is %.40q, of at most %d valid and different ones", ErrReply, len(b.servers)+1, s.name, most)
			}
			known[s.name] = true
			b.servers = append(b.servers, s)
		}
		if t.fault != nil {
			return backendStatistics{}, t.fault
		}
	}
	return b, nil
}
