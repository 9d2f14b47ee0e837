//go:build linux

package shm

import (
	"fmt"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"

	"fairlb/env/testbed"
)

// shapes vary one size of Table 7 at a time: k samples, N servers, m frames.
func shapes() []Shape {
	return []Shape{
		{Slots: 64, Samples: 128, Level: 4},
		{Slots: 64, Samples: 1024, Level: 4},
		{Slots: 1024, Samples: 128, Level: 4},
		{Slots: 64, Samples: 128, Level: 32},
	}
}

// BenchmarkTable7 has a row for each operation of the paper's Table 7, in layout v2,
// with sizes that show how it grows, in processor time (cpu-ns/op). What is prepared for
// an operation is not in it. `fairlb theory complexity` measures the same operations on
// more sizes, beside the claims.
func BenchmarkTable7(b *testing.B) {
	for _, s := range shapes() {
		o, err := NewOperations(filepath.Join(b.TempDir(), "region"), s, s.Slots)
		require.NoError(b, err)
		for _, x := range o.List() {
			b.Run(fmt.Sprintf("%s/N=%d/k=%d/m=%d", strings.ReplaceAll(x.Name, " ", "-"), s.Slots, s.Samples, s.Level), func(b *testing.B) {
				runtime.LockOSThread()
				defer runtime.UnlockOSThread()
				spent := time.Duration(0)
				for done := 0; done < b.N; {
					require.NoError(b, x.Prepare())
					begin, n := threadTime(b), min(x.Times, b.N-done)
					for range n {
						_ = x.Do()
					}
					spent += threadTime(b) - begin
					done += n
				}
				b.ReportMetric(float64(spent.Nanoseconds())/float64(b.N), "cpu-ns/op")
			})
		}
		require.NoError(b, o.Close())
	}
}

// benchmarked returns both sides of a region of which the first slots are in use.
func benchmarked(b *testing.B, c Config, servers int) (*Publisher, *Plane) {
	plane, path := newPublisher(b, c)
	for j := range servers {
		require.NoError(b, plane.Set(j, fmt.Sprint("server-", j)))
	}
	now := time.Second
	for j := range servers {
		for i := range 2 * c.complete().Samples {
			plane.add(j, kind(i%kinds), now, time.Duration(i%97)*time.Millisecond)
		}
	}
	require.NoError(b, plane.publish(now))
	agent := openPlane(b, path)
	var r testbed.Reading
	require.NoError(b, agent.Read(&r))
	require.NoError(b, agent.Write(make1(servers)))
	return plane, agent
}

func make1(n int) []float64 {
	ones := make([]float64, n)
	for j := range ones {
		ones[j] = 1
	}
	return ones
}

// BenchmarkInterval is what an agent does with the region in an interval of 20 servers,
// each with five new samples: read, which is ns/server-read, write weights and beat, which
// with it are ns/server. Both are processor time, which other work on the machine does not
// lengthen but for what it does to caches. (ns/op has the plane's part too.)
func BenchmarkInterval(b *testing.B) {
	for _, layout := range []Layout{V2, V1} {
		b.Run(fmt.Sprint("v", int(layout)), func(b *testing.B) { benchmarkInterval(b, layout) })
	}
}

func benchmarkInterval(b *testing.B, layout Layout) {
	const servers = 20
	runtime.LockOSThread() // whose processor time it is
	defer runtime.UnlockOSThread()
	plane, agent := benchmarked(b, Config{Layout: layout}, servers)
	r, weights, now := testbed.Reading{}, make1(servers), time.Second
	var reading, whole time.Duration
	for b.Loop() {
		now += time.Millisecond
		for j := range servers {
			for k := range 5 {
				plane.add(j, kind(k%kinds), now, time.Duration(k)*time.Second)
			}
		}
		_ = plane.publish(now)
		begin := threadTime(b)
		_ = agent.Read(&r)
		reading += threadTime(b) - begin
		_ = agent.Write(weights)
		_ = agent.Beat()
		whole += threadTime(b) - begin
	}
	b.ReportMetric(float64(reading.Nanoseconds())/float64(b.N)/servers, "ns/server-read")
	b.ReportMetric(float64(whole.Nanoseconds())/float64(b.N)/servers, "ns/server")
}

// threadTime returns the processor time that this thread has used.
func threadTime(b *testing.B) time.Duration {
	var t unix.Timespec
	require.NoError(b, unix.ClockGettime(unix.CLOCK_THREAD_CPUTIME_ID, &t))
	return time.Duration(t.Nano())
}
