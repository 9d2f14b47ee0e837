package balancerprocess

import (
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"

	"fairlb/cmd/fairlb/internal/linelog"
	"fairlb/env/testbed/plane"
)

// TestLine: the line of a connection, whose fields others rely on.
func TestLine(t *testing.T) {
	require.Equal(t, `{"time":"2026-01-02T03:04:05Z","lb":"web","client":"192.0.2.1:4000","peer":"127.0.0.1:5000","listener":"127.0.0.1:0","server":"a","tries":2,"outcome":"completed","queue_s":0.001,"connect_s":0.002,"first_byte_s":0.003,"duration_s":1.5,"received_bytes":7,"sent_bytes":8,"loop":1}`+"\n",
		string(appendRecord(nil, "web", &record)))
	empty := appendRecord(nil, "web", &plane.Record{Outcome: plane.NoServer})
	var line map[string]any
	require.NoError(t, json.Unmarshal(empty, &line))
	for _, field := range []string{"server", "connect_s", "first_byte_s", "client"} {
		value, there := line[field]
		require.True(t, there && value == nil, field)
	}
	block := make([]byte, 0, 1000)
	require.Zero(t, testing.AllocsPerRun(100, func() { block = appendRecord(block[:0], "web", &record) }))
}

// TestConnectionLog: every record is written, also those of the last moment; SIGHUP opens
// the file anew whether the settings are at fault or not, and may name another.
func TestConnectionLog(t *testing.T) {
	t.Parallel()
	lineOf := func(k int) plane.Record { r := record; r.Loop = k; return r }
	loops := func(path string) (list []int) {
		text, err := os.ReadFile(path)
		if errors.Is(err, os.ErrNotExist) {
			return nil
		}
		require.NoError(t, err)
		for line := range strings.Lines(string(text)) {
			if !strings.HasSuffix(line, "\n") {
				break // of which the rest is about to be written
			}
			var l struct{ Loop int }
			require.NoError(t, json.Unmarshal([]byte(line), &l), line)
			list = append(list, l.Loop)
		}
		return list
	}
	r, cfg := prepare(t, "")
	log, other := filepath.Join(r.dir, "log"), filepath.Join(r.dir, "other")
	r.write(quick + "log: {connections: " + log + "}\n")
	go func() { r.result <- Run(t.Context(), cfg) }()
	r.awaitSaid("have been checked")
	for k := range 600 { // more than are written at once
		r.balancer.end(lineOf(k))
	}
	r.await("written", func() bool { return len(loops(log)) == 600 })

	require.NoError(t, os.Rename(log, log+".1"))
	r.write("nonsense: true\n")
	r.signals <- syscall.SIGHUP
	r.awaitSaid("nothing has changed")
	r.balancer.end(lineOf(600))
	r.await("written anew", func() bool { return len(loops(log)) == 1 })
	require.Len(t, loops(log+".1"), 600)

	r.write(quick + "log: {connections: " + other + "}\n")
	r.signals <- syscall.SIGHUP
	r.awaitSaid("hold from now on")
	r.balancer.end(lineOf(601))
	r.await("written elsewhere", func() bool { return len(loops(other)) == 1 })
	require.NoError(t, os.Rename(other, other+".1"))
	r.signals <- syscall.SIGHUP
	r.await("reloaded", func() bool { return strings.Count(r.said.text(), "hold from now on") == 2 })

	r.balancer.mu.Lock()
	r.balancer.open = 1
	r.balancer.mu.Unlock()
	r.signals <- syscall.SIGTERM
	r.await("drain", func() bool { return slices.Contains(r.balancer.happenings(), "drain") })
	r.balancer.end(lineOf(602))
	r.signals <- syscall.SIGTERM
	require.NoError(t, r.awaitEnd())
	require.Equal(t, []int{600}, loops(log))
	require.Equal(t, []int{601}, loops(other+".1"))
	require.Equal(t, []int{602}, loops(other))
}

// TestLogToStdout: - is stdout, and a reader that does not read costs the process a moment
// as it ends, and nothing before.
func TestLogToStdout(t *testing.T) {
	t.Parallel()
	r, cfg := prepare(t, quick+"log: {connections: '-'}\n")
	reader, writer := io.Pipe()
	defer reader.Close()
	cfg.Stdout = writer
	go func() { r.result <- Run(t.Context(), cfg) }()
	r.awaitSaid("have been checked")
	r.balancer.end(record)
	r.await("fetched", func() bool { r.balancer.mu.Lock(); defer r.balancer.mu.Unlock(); return len(r.balancer.records) == 0 })
	code, _ := r.get("/readyz")
	require.Equal(t, http.StatusOK, code)
	r.signals <- syscall.SIGTERM
	require.NoError(t, r.awaitEnd())
	require.Contains(t, r.said.text(), "the log of connections does not end")
	got := make([]byte, 9)
	_, err := io.ReadFull(reader, got) // and its goroutine ends
	require.NoError(t, err)
	require.Equal(t, `{"time":"`, string(got))
}

// TestSharedStdout: the log does not close what it was lent.
func TestSharedStdout(t *testing.T) {
	t.Parallel()
	out, err := openLog("-", io.Discard)
	require.NoError(t, err)
	require.Equal(t, linelog.Shared(io.Discard), out)
	none, err := openLog("", nil)
	require.NoError(t, err)
	require.Nil(t, none)
}
