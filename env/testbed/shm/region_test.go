//go:build linux

package shm

import (
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"fairlb/env/testbed"
)

// TestRefusesOtherFiles: what is no region is refused by name and never believed.
func TestRefusesOtherFiles(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	l := newLayout(Shape{2, 4, 2})
	header := make([]byte, l.bytes())
	l.encodeHeader(header)
	changed := func(at int, x uint64) []byte {
		data := append([]byte(nil), header...)
		putWord(data, at, x)
		return data
	}
	for name, c := range map[string]struct {
		data []byte
		want string
	}{
		"empty":        {nil, "has 0 bytes"},
		"short":        {header[:headerWords*wordBytes-1], "has 255 bytes"},
		"text":         {[]byte(strings.Repeat("fairlb!!", 100)), "it begins with"},
		"version":      {changed(versionWord, 3), "version 3 of the layout, where 2 is known"},
		"slots":        {changed(slotsWord, 1<<40), "1099511627776 slots"},
		"no slots":     {changed(slotsWord, 0), "slots is 0, not 1 to 16384"},
		"level":        {changed(levelWord, 1), "level is 1, not 2 to 64"},
		"samples":      {changed(samplesWord, 1<<63), "9223372036854775808 samples"},
		"size":         {changed(sizeWord, 8), "its header says 8"},
		"cut":          {header[:l.bytes()-8], "take " /* n bytes */},
		"v1 of no use": {make([]byte, bytes1), "it begins with 0x0"},
	} {
		path := filepath.Join(folder, strings.ReplaceAll(name, " ", "-"))
		require.NoError(t, os.WriteFile(path, c.data, 0o600))
		_, err := Open(path)
		require.ErrorIs(t, err, ErrNotRegion, name)
		require.ErrorContains(t, err, c.want, name)
		require.ErrorContains(t, err, path, name)
	}
	_, err := Open(filepath.Join(folder, "nothing"))
	require.ErrorIs(t, err, testbed.ErrPlaneGone)
	require.ErrorIs(t, err, fs.ErrNotExist)
	_, err = Open(folder)
	require.Error(t, err)
	link := filepath.Join(folder, "link")
	require.NoError(t, os.Symlink(filepath.Join(folder, "cut"), link))
	_, err = Open(link)
	require.Error(t, err, "a link may lead anywhere")
}

// regionsOf runs a test in both layouts.
func regionsOf(t *testing.T, test func(t *testing.T, c Config)) {
	t.Run("v2", func(t *testing.T) { t.Parallel(); test(t, Config{Shape: Shape{Slots: 4}}) })
	t.Run("v1", func(t *testing.T) { t.Parallel(); test(t, Config{Layout: V1}) })
}

// TestFileGone: what happens to the file while it is mapped is an error once, and no
// crash; the plane makes a new one, which its agent finds.
func TestFileGone(t *testing.T) {
	t.Parallel()
	for name, spoil := range map[string]func(t *testing.T, path string){
		"removed":  func(t *testing.T, path string) { require.NoError(t, os.Remove(path)) },
		"cut":      func(t *testing.T, path string) { require.NoError(t, os.Truncate(path, 300)) },
		"emptied":  func(t *testing.T, path string) { require.NoError(t, os.Truncate(path, 0)) },
		"replaced": func(t *testing.T, path string) { replace(t, path) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			regionsOf(t, func(t *testing.T, c Config) {
				plane, path := newPublisher(t, c)
				agent := openPlane(t, path)
				require.NoError(t, plane.Set(1, "web"))
				require.NoError(t, plane.Publish(time.Second))
				var r testbed.Reading
				require.NoError(t, agent.Read(&r))

				spoil(t, path)
				require.ErrorIs(t, agent.Read(&r), testbed.ErrPlaneGone)
				require.Equal(t, uint64(1), r.Sequence, "the reading stays as it was")
				plane.Completed(1, 2*time.Second, time.Second) // may be lost
				require.NoError(t, plane.Publish(2*time.Second))
				require.Equal(t, uint64(1), plane.Remade())
				require.NoError(t, agent.Read(&r))
				require.Len(t, r.Servers, 2)
				require.NoError(t, agent.Write([]float64{1, 2}))
				require.True(t, plane.Weights(make([]float64, plane.Slots())))
			})
		})
	}
}

// replace puts another file in a region's place.
func replace(t *testing.T, path string) {
	require.NoError(t, os.WriteFile(path+".other", []byte("something else"), 0o600))
	require.NoError(t, os.Rename(path+".other", path))
}

// TestCutBetweenChecks: a file that is cut after its size was looked at is met as a
// fault of memory, which is an error and no crash.
func TestCutBetweenChecks(t *testing.T) {
	t.Parallel()
	plane, path := newPublisher(t, Config{})
	agent := openPlane(t, path)
	require.NoError(t, plane.Publish(time.Second))
	var r testbed.Reading
	require.NoError(t, agent.Read(&r))
	require.NoError(t, os.Truncate(path, 0))
	err := guarded(agent.side.mapped(), agent.side.read)
	require.ErrorIs(t, err, testbed.ErrPlaneGone)
	require.ErrorIs(t, err, errFault)
	plane.Completed(0, time.Second, time.Second)
	require.Error(t, plane.publish(time.Second))
	require.False(t, plane.Weights(make([]float64, plane.Slots())))
	require.NoError(t, plane.Publish(2*time.Second), "it is made anew")
}

// TestPartsAreTaken: a region has one plane and one that steers it.
func TestPartsAreTaken(t *testing.T) {
	t.Parallel()
	regionsOf(t, func(t *testing.T, c Config) {
		plane, path := newPublisher(t, c)
		_, err := Create(path, c)
		require.ErrorIs(t, err, ErrTaken)
		require.NoError(t, plane.Set(0, "web"))
		require.NoError(t, plane.Publish(time.Second))

		first, second := openPlane(t, path), openPlane(t, path)
		require.NoError(t, first.Write([]float64{1}))
		require.ErrorIs(t, second.Write([]float64{1}), ErrTaken)
		var r testbed.Reading
		require.NoError(t, second.Read(&r), "any number reads")
		require.NoError(t, first.Close())
		require.NoError(t, second.Write([]float64{1}))
	})
}

// TestPlaneComesBack: a plane that was killed leaves its region, and the next takes it
// over with higher sequence numbers, another epoch and counters that begin anew, while
// its agent keeps the file open.
func TestPlaneComesBack(t *testing.T) {
	t.Parallel()
	plane, path := newPublisher(t, Config{})
	agent := openPlane(t, path)
	require.NoError(t, plane.Set(0, "web"))
	plane.Server(0).Completed = 9
	require.NoError(t, plane.Publish(time.Second))
	require.NoError(t, plane.Publish(2*time.Second))
	var r testbed.Reading
	require.NoError(t, agent.Read(&r))
	epoch := r.Epoch
	require.NoError(t, agent.Write([]float64{3}))

	killed := plane.side.mapped()
	killed.words()[plane.side.(*planeSide2).outStart].Store(7) // it was killed in mid-frame
	require.NoError(t, killed.close())
	next, err := Create(path, Config{})
	require.NoError(t, err)
	defer func() { require.NoError(t, next.Close()) }()
	require.ErrorIs(t, agent.Read(&r), testbed.ErrNoReading, "it has published nothing yet")
	require.NoError(t, next.Set(0, "web"))
	require.NoError(t, next.Publish(3*time.Second))
	require.NoError(t, agent.Read(&r))
	require.Greater(t, r.Sequence, uint64(2))
	require.NotEqual(t, epoch, r.Epoch)
	require.Zero(t, r.Servers[0].Completed)
	require.False(t, next.Weights(make([]float64, next.Slots())), "they were for a server of the plane before")
}

// TestConfigFaults: sizes and names that cannot be are refused, all at once.
func TestConfigFaults(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "region")
	_, err := Create(path, Config{Shape: Shape{-1, 1 << 20, 1}})
	require.ErrorIs(t, err, ErrConfig)
	require.EqualError(t, err, "shm: invalid configuration: slots is -1, not 1 to 16384\nshm: invalid configuration: samples is 1048576, not 1 to 4096\nshm: invalid configuration: level is 1, not 2 to 64")
	_, err = Create(path, Config{Layout: V1, Shape: Shape{Slots: 64}})
	require.ErrorIs(t, err, ErrConfig)
	_, err = Create(path, Config{Layout: 3})
	require.ErrorIs(t, err, ErrConfig)
	plane, path := newPublisher(t, Config{})
	require.ErrorIs(t, plane.Set(0, ""), ErrConfig)
	require.ErrorIs(t, plane.Set(0, strings.Repeat("x", MaxName+1)), ErrConfig)
	require.NoError(t, plane.Set(0, strings.Repeat("x", MaxName)))
	require.NoError(t, plane.Publish(time.Second))
	agent := openPlane(t, path)
	for _, w := range []float64{0, -1, 1 / zero, zero / zero} {
		require.ErrorIs(t, agent.Write([]float64{w}), ErrWeights)
	}
}

var zero float64

// TestNoAllocation: once warm, neither side allocates in its loop.
func TestNoAllocation(t *testing.T) {
	plane, path := newPublisher(t, Config{})
	agent := openPlane(t, path)
	for j := range 20 {
		require.NoError(t, plane.Set(j, "web"))
	}
	weights, r, now := make([]float64, plane.Slots()), testbed.Reading{}, time.Second
	for j := range weights {
		weights[j] = 1
	}
	require.Zero(t, testing.AllocsPerRun(100, func() {
		now += time.Millisecond
		plane.Completed(int(now/time.Millisecond)%20, now, time.Second)
		plane.Elapsed(3, now, time.Second)
		_ = plane.publish(now)
		_ = agent.side.read()
		agent.side.fill(&r)
		_ = agent.side.write(now, weights)
		plane.Weights(weights)
	}))
}
