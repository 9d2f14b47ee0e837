//go:build linux

package shm

import (
	"errors"
	"fmt"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"fairlb/env/testbed"
)

// The environment by which the test's own program is run as one of the two sides.
const (
	partVariable   = "FAIRLB_SHM_PART"
	framesVariable = "FAIRLB_FRAMES" // how many frames are exchanged in all; none: for two seconds
)

func TestMain(m *testing.M) {
	if part := os.Getenv(partVariable); part != "" {
		if err := playPart(strings.Split(part, "|")); err != nil {
			fmt.Println("fault:", err)
			os.Exit(1)
		}
		return
	}
	os.Exit(m.Run())
}

// playPart is a process of TestKills: part, layout, path. It goes on until it is killed
// and prints every so often how many frames it wrote and read.
func playPart(arguments []string) error {
	part, path := arguments[0], arguments[2]
	layout, err := strconv.Atoi(arguments[1])
	if err != nil {
		return err
	}
	if part == "plane" {
		return playPlane(path, Layout(layout))
	}
	return playAgent(path, Layout(layout))
}

// mix is a number that follows from another as if at random.
func mix(x uint64) uint64 {
	x = (x ^ x>>30) * 0xbf58476d1ce4e5b9
	x = (x ^ x>>27) * 0x94d049bb133111eb
	return x ^ x>>31
}

const killServers = 20

// playPlane publishes counters of which each follows from that of the first server, and
// checks that weights do.
func playPlane(path string, layout Layout) error {
	p, err := Create(path, Config{Layout: layout})
	if err != nil {
		return err
	}
	clock, err := NewClock()
	if err != nil {
		return err
	}
	for j := range killServers {
		if err := p.Set(j, fmt.Sprint("server-", j+1)); err != nil {
			return err
		}
	}
	weights := make([]float64, p.Slots())
	x := mix(uint64(os.Getpid()))
	for wrote, read := uint64(0), uint64(0); ; wrote++ {
		x = (x + 1) & math.MaxInt32 // what a count can hold
		for j := range killServers {
			s := p.Server(j)
			s.Ongoing = countOf(x, j)
			s.Completed, s.Dispatched, s.Failed = mix(uint64(s.Ongoing)), mix(x+uint64(j)), x
			s.CountSum = float64(x&0xffff) + float64(j)
		}
		now := clock.Now()
		p.Elapsed(int(x%killServers), now, now/2)
		if err := p.Publish(now); err != nil {
			return err
		}
		if p.Weights(weights) {
			read++
			for j := range killServers {
				if want := weights[0] * float64(j+1); abs(weights[j]-want) > 1e-5*want {
					return fmt.Errorf("torn weights: %g is not %d times %g", weights[j], j+1, weights[0])
				}
			}
		}
		if wrote%256 == 255 {
			fmt.Println("wrote", 256, "read", read)
			read = 0
		}
	}
}

// countOf returns the count of server j that follows from that of the first, x.
func countOf(x uint64, j int) int32 {
	if j == 0 {
		return int32(x)
	}
	return int32(mix(x+uint64(j)) & math.MaxInt32)
}

func abs(x float64) float64 { return max(x, -x) }

// playAgent reads counters and checks that they follow from that of the first server,
// and writes weights that do.
func playAgent(path string, layout Layout) error {
	var p *Plane
	for p == nil {
		var err error
		if p, err = Open(path); err != nil && !errors.Is(err, testbed.ErrPlaneGone) {
			return err
		}
	}
	var r testbed.Reading
	weights := make([]float64, killServers)
	read, wrote, last, epoch := uint64(0), uint64(0), uint64(0), uint64(0)
	for i := 1; ; i++ {
		err := p.Read(&r)
		switch {
		case errors.Is(err, testbed.ErrNoReading), errors.Is(err, testbed.ErrPlaneGone):
			continue
		case err != nil:
			return err
		}
		if r.Sequence != last || r.Epoch != epoch {
			read++
			last, epoch = r.Sequence, r.Epoch
		}
		if len(r.Servers) != killServers {
			continue // the plane has just begun and sets its servers
		}
		if err := checkCounters(&r, layout); err != nil {
			return err
		}
		unit := float64(1 + i%1000)
		for j := range weights {
			weights[j] = unit * float64(j+1)
		}
		if err := p.Write(weights); err != nil && !errors.Is(err, testbed.ErrPlaneGone) && !errors.Is(err, testbed.ErrNoReading) {
			return err
		}
		wrote++
		if i%64 == 0 {
			fmt.Println("wrote", wrote, "read", read)
			read, wrote = 0, 0
		}
	}
}

// checkCounters reports counters that were not published together.
func checkCounters(r *testbed.Reading, layout Layout) error {
	x := uint64(r.Servers[0].Ongoing)
	for j, s := range r.Servers {
		torn := s.Ongoing != countOf(x, j)
		if layout == V2 { // v1 has nothing else in its frames
			torn = torn || s.Failed != x || s.Dispatched != mix(x+uint64(j)) || s.Completed != mix(uint64(s.Ongoing)) || s.CountSum != float64(x&0xffff)+float64(j)
		}
		if torn {
			return fmt.Errorf("torn observation: server %d of x = %d: %+v", j, x, s)
		}
	}
	return nil
}

// TestKills lets two processes exchange frames at full rate while each is killed again
// and again at any moment, and accepts no torn one. FAIRLB_FRAMES=1e8 says how many are
// exchanged; without it the test ends after about a second a layout.
func TestKills(t *testing.T) {
	for _, layout := range []Layout{V2, V1} {
		t.Run(fmt.Sprint("layout v", int(layout)), func(t *testing.T) { testKills(t, layout) })
	}
}

func testKills(t *testing.T, layout Layout) {
	if testing.Short() {
		t.Skip("the race detector sees nothing between processes")
	}
	program, err := os.Executable()
	require.NoError(t, err)
	path := filepath.Join(t.TempDir(), "region")
	frames, interval, rounds := 0.0, 60*time.Millisecond, 12
	if stated := os.Getenv(framesVariable); stated != "" {
		frames, err = strconv.ParseFloat(stated, 64)
		require.NoError(t, err)
		interval, rounds = time.Second, 1<<30
	}
	exchanged := map[string]*killed{}
	for _, part := range []string{"plane", "agent"} {
		exchanged[part] = &killed{program: program, part: part, layout: layout, path: path}
		require.NoError(t, exchanged[part].start())
		defer exchanged[part].kill()
	}
	for round := range rounds {
		time.Sleep(interval) // the rate of the kills, not a condition
		part := []string{"plane", "agent"}[round%2]
		exchanged[part].kill()
		require.Empty(t, exchanged[part].fault, "%s", part)
		require.NoError(t, exchanged[part].start())
		if got := float64(exchanged["agent"].read + exchanged["plane"].read); frames > 0 && got >= frames {
			break
		}
	}
	for part, k := range exchanged {
		k.kill()
		require.Empty(t, k.fault, "%s", part)
		require.Positive(t, k.wrote, "%s wrote nothing", part)
		require.Positive(t, k.read, "%s read nothing", part)
		t.Logf("%s: %d frames written, %d read, %d lives", part, k.wrote, k.read, k.lives)
	}
}

// killed is a process of the test, which comes back when it has been killed.
type killed struct {
	program, part, path string
	layout              Layout

	command     *exec.Cmd
	output      *strings.Builder
	wrote, read int
	lives       int
	fault       string
}

func (k *killed) start() error {
	k.command = exec.Command(k.program)
	k.command.Env = append(os.Environ(), fmt.Sprintf("%s=%s|%d|%s", partVariable, k.part, k.layout, k.path))
	k.output = &strings.Builder{}
	k.command.Stdout = k.output
	k.lives++
	return k.command.Start()
}

// kill kills the process, if it runs, and takes in what it printed.
func (k *killed) kill() {
	if k.command == nil {
		return
	}
	_ = k.command.Process.Kill()
	_ = k.command.Wait()
	k.command = nil
	for line := range strings.Lines(k.output.String()) {
		var wrote, read int
		if _, err := fmt.Sscanf(line, "wrote %d read %d\n", &wrote, &read); err == nil {
			k.wrote += wrote
			k.read += read
		} else if strings.HasPrefix(line, "fault") {
			k.fault = line
		}
	}
}
