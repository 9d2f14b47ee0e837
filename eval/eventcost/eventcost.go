package eventcost

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"math"
	"slices"
	"strconv"
	"strings"

	"gonum.org/v1/gonum/stat"
)

// ErrBenchmark reports the output of a benchmark that cannot be read.
var ErrBenchmark = errors.New("eventcost: not the output of go test -bench Growth ./env/sim")

// Cost is what an event costs in systems of one size.
type Cost struct {
	Servers, LBs int
	Nanoseconds  []float64 // ns an event: a value for each run of the benchmark, rising
}

// Median returns the median cost (ns).
func (c *Cost) Median() float64 { return stat.Quantile(0.5, stat.LinInterp, c.Nanoseconds, nil) }

// Read reads the lines of BenchmarkGrowth from the output of go test,
// which may hold several runs (-count) and other lines. Sizes come in the
// order in which they were first met.
func Read(r io.Reader) ([]Cost, error) {
	var list []Cost
	for in := bufio.NewScanner(r); ; {
		if !in.Scan() {
			if err := in.Err(); err != nil {
				return nil, fmt.Errorf("%w: %w", ErrBenchmark, err)
			}
			break
		}
		line := in.Text()
		rest, ok := strings.CutPrefix(line, "BenchmarkGrowth/")
		if !ok {
			continue
		}
		fields := strings.Fields(rest)
		var c Cost
		if len(fields) == 0 {
			return nil, fmt.Errorf("%w: %q: has no figures", ErrBenchmark, line)
		}
		if _, err := fmt.Sscanf(fields[0], "servers=%d/lbs=%d", &c.Servers, &c.LBs); err != nil {
			return nil, fmt.Errorf("%w: %q: %w", ErrBenchmark, line, err)
		}
		if c.Servers < 1 || c.LBs < 1 {
			return nil, fmt.Errorf("%w: %q: its numbers of servers and load balancers must be positive", ErrBenchmark, line)
		}
		unit := slices.Index(fields, "events/s")
		if unit < 1 {
			return nil, fmt.Errorf("%w: %q: has no events/s", ErrBenchmark, line)
		}
		rate, err := strconv.ParseFloat(fields[unit-1], 64)
		if err != nil || !(rate > 0) || math.IsInf(rate, 0) || math.IsInf(1e9/rate, 0) {
			return nil, fmt.Errorf("%w: %q: %q events/s", ErrBenchmark, line, fields[unit-1])
		}
		index := slices.IndexFunc(list, func(x Cost) bool { return x.Servers == c.Servers && x.LBs == c.LBs })
		if index < 0 {
			index = len(list)
			list = append(list, c)
		}
		list[index].Nanoseconds = append(list[index].Nanoseconds, 1e9/rate)
		slices.Sort(list[index].Nanoseconds)
	}
	if len(list) == 0 {
		return nil, fmt.Errorf("%w: there is no line of BenchmarkGrowth", ErrBenchmark)
	}
	return list, nil
}
