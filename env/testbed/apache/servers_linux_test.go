package apache

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"math"
	"net/http"
	"os"
	"os/exec"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"fairlb/env"
	"fairlb/env/parallel"
	"fairlb/env/station"
	"fairlb/env/testbed/lab"
)

// needs lets tests run beside each other, and skips one where the servers cannot be had.
func needs(t *testing.T) {
	t.Helper()
	t.Parallel()
	if err := Check(); err != nil {
		t.Skip(err)
	}
}

// small is two servers, the first with twice the processors of the second.
func small() Config {
	return Config{Config: station.Config{
		Servers: []station.Server{{CPUs: 2, Speed: 0.1}, {CPUs: 1, Speed: 0.1}}, CPU: station.ProcessorSharing, Workers: 4, Backlog: 8, Prefork: true,
	}}
}

// listen starts servers that end with the test.
func listen(t *testing.T, cfg Config) *Servers {
	t.Helper()
	s, err := Listen(context.Background(), cfg)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, s.Close()) })
	return s
}

// get sends a request and returns the answer's fields and body.
func get(s *Servers, server int, query string) (http.Header, string, error) {
	c := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}, Timeout: 30 * time.Second}
	r, err := c.Get("http://" + s.Addresses()[server].String() + "/wiki/Paris" + query)
	if err != nil {
		return nil, "", err
	}
	b, err := io.ReadAll(r.Body)
	return r.Header, r.Status + " " + string(b), errors.Join(err, r.Body.Close())
}

// TestServers: requests get what they ask for, and truth tells of it.
func TestServers(t *testing.T) {
	needs(t)
	s := listen(t, small())
	for j := range 2 {
		header, said, err := get(s, j, "")
		require.NoError(t, err)
		require.Equal(t, "200 OK ok\n", said)
		require.Equal(t, fmt.Sprint(j), header.Get("X-Fairlb-Server"))
		_, said, err = get(s, j, "?disk=1")
		require.NoError(t, err)
		require.Equal(t, "400 Bad Request not a demand\n", said)
	}
	require.NoError(t, s.Restart(nil))
	var before, truth env.Truth
	require.NoError(t, s.Truth(&before))
	begun := time.Now()
	_, _, err := get(s, 1, "?cpu=0.05&io=0.01")
	require.NoError(t, err)
	// A quota of a tenth of a core: less what is left over of the periods at both ends.
	require.Greater(t, time.Since(begun), 300*time.Millisecond)
	require.NoError(t, s.Truth(&truth))
	used := truth.CPUTime[1] - before.CPUTime[1]
	require.Greater(t, used, 0.05)
	require.Less(t, used, 0.1)
	require.True(t, math.IsNaN(truth.CPUWork[1]))
	require.InDeltaSlice(t, []float64{0.2, 0.1}, truth.Capacity, 1e-12)

	// More requests than workers: the rest are in the backlog.
	group, _ := parallel.NewGroup(context.Background())
	for range 7 {
		group.Go(func() error { _, _, err := get(s, 0, "?io=1"); return err })
	}
	require.Eventually(t, func() bool {
		require.NoError(t, s.Truth(&truth))
		return truth.Busy[0] == 4 && truth.Backlog[0] == 3
	}, 10*time.Second, 5*time.Millisecond)
	// An episode that begins meanwhile begins with empty servers.
	require.NoError(t, s.Restart([]station.Change{{At: 0, Kind: station.SetSpeed, Index: 1, Value: 0.2}}))
	require.Error(t, group.Wait())
	require.NoError(t, s.Truth(&truth))
	require.Equal(t, []int{0, 0}, truth.Busy)
	_, err = s.catchUp()
	require.NoError(t, err)
	require.NoError(t, s.Truth(&truth))
	require.Equal(t, 0.2, truth.Speed[1])
}

// TestTwo: two testbeds have servers, networks and processor time of their own, and what
// ends leaves nothing.
func TestTwo(t *testing.T) {
	needs(t)
	a, b := listen(t, small()), listen(t, small())
	require.NotEqual(t, a.lab.Number(), b.lab.Number())
	for _, x := range a.Addresses() {
		require.NotContains(t, b.Addresses(), x)
	}
	require.NoError(t, a.Close())
	requireGone(t, a.lab.Number())
	_, said, err := get(b, 0, "")
	require.NoError(t, err)
	require.Equal(t, "200 OK ok\n", said)
}

// requireGone checks that nothing is left of a lab. If another test's has its number
// already, that has seen to it.
func requireGone(t *testing.T, number int) {
	t.Helper()
	p, err := find()
	require.NoError(t, err)
	left, _, err := lab.Left(p.Tools, number)
	require.NoError(t, err)
	require.Empty(t, left)
}

// crashing says to the test's binary that it is to start servers and wait to be killed.
const crashing = "FAIRLB_TEST_APACHE_CRASH"

// TestCrash: of a testbed that is killed, Apache ends with it, and the next removes the rest.
func TestCrash(t *testing.T) {
	if os.Getenv(crashing) != "" {
		s, err := Listen(context.Background(), small())
		require.NoError(t, err)
		fmt.Println("number", s.lab.Number())
		select {}
	}
	needs(t)
	c := exec.Command(os.Args[0], "-test.run=^TestCrash$", "-test.v")
	c.Env = append(os.Environ(), crashing+"=1")
	out, err := c.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, c.Start())
	n := -1
	for lines := bufio.NewScanner(out); n < 0 && lines.Scan(); {
		_, _ = fmt.Sscanf(lines.Text(), "number %d", &n)
	}
	require.GreaterOrEqual(t, n, 0)
	p, err := find()
	require.NoError(t, err)
	require.NoError(t, lab.Sweep(p.Tools)) // which passes over what lives
	_, living, err := lab.Left(p.Tools, n)
	require.NoError(t, err)
	require.True(t, living)
	pids := p.Group.Processes(fmt.Sprintf("fairlb%d", n))
	require.Len(t, pids, 2*(1+small().Workers))
	require.NoError(t, c.Process.Kill())
	require.Error(t, c.Wait())
	for _, pid := range pids { // they end without anybody's help
		require.Eventually(t, func() bool { return errors.Is(syscall.Kill(pid, 0), syscall.ESRCH) }, 10*time.Second, 5*time.Millisecond)
	}
	require.NoError(t, lab.Sweep(p.Tools))
	requireGone(t, n)
}
