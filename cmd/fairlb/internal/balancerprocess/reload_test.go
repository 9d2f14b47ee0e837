package balancerprocess

import (
	"fmt"
	"net"
	"os"
	"slices"
	"strings"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"

	"fairlb/env/testbed/plane"
)

// TestReload: settings are taken over in full, or not at all and with all faults.
func TestReload(t *testing.T) {
	t.Parallel()
	r := start(t, "health: {check: none}\ndrain: {announce: 3600}\n") // until it is reloaded
	r.await("ready", func() bool { return slices.Contains(r.balancer.happenings(), "ready true") })
	reloaded := func(done bool) {
		t.Helper()
		before := strings.Count(r.said.text(), "the settings were read again")
		want := strings.Count(r.said.text(), "hold from now on")
		if done {
			want++
		}
		r.signals <- syscall.SIGHUP
		r.await("reload", func() bool { return strings.Count(r.said.text(), "the settings were read again") == before+1 })
		require.Equal(t, want, strings.Count(r.said.text(), "hold from now on"), r.said.text())
	}
	r.write(quick + "rule: {name: lsq}\n")
	reloaded(true)
	require.Equal(t, "lsq", r.balancer.cfg.Rule.Name)

	r.write("health: {check: pinging}\ndrain: {announce: -1}\n")
	reloaded(false)
	require.Contains(t, r.said.text(), "health.check")
	require.Contains(t, r.said.text(), "drain.announce")
	require.NotContains(t, r.said.text(), `\n`, "one fault a line")

	require.NoError(t, os.Rename(r.file, r.file+".away"))
	reloaded(false)

	r.write("health: {check: none}\nlog: {connections: " + r.dir + "/none/log}\n")
	reloaded(false)
	require.Contains(t, r.said.text(), "log.connections")

	r.balancer.mu.Lock()
	r.balancer.refuses = fmt.Errorf("%w: name", plane.ErrFixed)
	r.balancer.mu.Unlock()
	r.write(quick + "log: {connections: " + r.dir + "/log}\n")
	reloaded(false)
	r.balancer.mu.Lock()
	r.balancer.refuses = nil
	r.balancer.mu.Unlock()

	require.NoError(t, os.WriteFile(r.file, []byte(strings.Replace(settingsText(r.dir, quick), "/admin}", "/other, metrics: '127.0.0.1:0'}", 1)), 0o600))
	reloaded(false)
	require.Contains(t, r.said.text(), "cannot be changed by a reload: admin.socket, admin.metrics")

	require.Equal(t, 1, strings.Count(strings.Join(r.balancer.happenings(), " "), "reload"))
	_, text := r.get("/metrics")
	require.Contains(t, text, `fairlb_lb_reloads_total{lb="web",result="done"} 1`)
	require.Contains(t, text, `fairlb_lb_reloads_total{lb="web",result="failed"} 5`)
	r.signals <- syscall.SIGTERM
	require.NoError(t, r.awaitEnd())
	begun, finished := 0, 0
	for _, state := range r.notified() {
		if strings.HasPrefix(state, "RELOADING=1\nMONOTONIC_USEC=") {
			begun++
		}
		if state == "READY=1" {
			finished++
		}
	}
	require.Equal(t, 6, begun)
	require.Equal(t, 7, finished)
}

// TestReloadSetsChecks: servers that come are checked, and what is known of those that
// stay is told again.
func TestReloadSetsChecks(t *testing.T) {
	t.Parallel()
	checked := "health: {check: tcp, interval: 0.05, timeout: 0.05, fall: 1, rise: 1}\ndrain: {announce: 0}\n"
	r := start(t, checked)
	r.await("checked", func() bool { return slices.Contains(r.balancer.happenings(), "ready true") })
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer l.Close()
	text := strings.Replace(settingsText(r.dir, checked), "127.0.0.2:9", l.Addr().String(), 1)
	require.NoError(t, os.WriteFile(r.file, []byte(text), 0o600))
	r.balancer.mu.Lock()
	r.balancer.up = map[string]bool{} // as a balancer that has forgotten
	r.balancer.mu.Unlock()
	r.signals <- syscall.SIGHUP
	r.awaitSaid("hold from now on")
	r.await("told again", func() bool {
		r.balancer.mu.Lock()
		defer r.balancer.mu.Unlock()
		up, known := r.balancer.up["a"]
		return known && !up
	})
	r.await("checked", func() bool { _, text := r.get("/state"); return strings.Contains(text, `"up": true`) })
	r.signals <- syscall.SIGTERM
	require.NoError(t, r.awaitEnd())
}
