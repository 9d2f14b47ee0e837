// Command bench times the network core and PyTorch with OpenBLAS in turns, on
// the work of torch_sac_gru.py beside it and on matrix products, and prints
// the table of their ratios. Run it by make bench-peer, on a machine that does
// nothing else. It wants Debian's python3-torch; without it, it says so and
// does nothing.
package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/olekukonko/tablewriter"
	"github.com/olekukonko/tablewriter/tw"

	"fairlb/agents/nn"
	"fairlb/agents/nn/peer"
	"fairlb/agents/nn/simd"
)

func main() {
	if err := run(os.Args[1:], os.Stdout, os.Stderr); err != nil {
		if !errors.Is(err, flag.ErrHelp) {
			fmt.Fprintf(os.Stderr, "bench: %v\n", err)
		}
		os.Exit(1)
	}
}

// bench is one run of the command.
type bench struct {
	python, script string
	rounds         int
	log            io.Writer
}

func run(args []string, stdout, stderr io.Writer) error {
	b := bench{log: stderr}
	flags := flag.NewFlagSet("bench", flag.ContinueOnError)
	flags.SetOutput(stderr)
	flags.StringVar(&b.python, "python", "/usr/bin/python3", "the interpreter that has PyTorch")
	flags.StringVar(&b.script, "script", "agents/nn/peer/bench/torch_sac_gru.py", "the peer's update")
	flags.IntVar(&b.rounds, "rounds", 5, "rounds; each runs every work once on both sides")
	if err := flags.Parse(args); err != nil {
		return err
	}
	if b.rounds < 1 || flags.NArg() > 0 {
		return fmt.Errorf("rounds = %d, arguments %q: want at least one round and no arguments", b.rounds, flags.Args())
	}
	version, err := b.peer(1, "-c", "import torch; print(torch.__version__)")
	if err != nil {
		fmt.Fprintf(stdout, "skipped: %s has no PyTorch; on Debian: apt-get install -y python3-torch libopenblas0-pthread\n", b.python)
		return nil
	}
	if _, err := os.Stat(b.script); err != nil {
		fmt.Fprintf(stdout, "skipped: the peer's update is not there: %v\n", err)
		return nil
	}
	measures, err := b.measures()
	if err != nil {
		return err
	}
	fmt.Fprintf(stdout, "fairlb (%s, %s) beside PyTorch %s with OpenBLAS, medians of %d rounds in turns (least to most)\n",
		simd.Name(), runtime.Version(), strings.TrimSpace(string(version)), b.rounds)
	return write(stdout, measures)
}

// measure is one line of the table.
type measure struct {
	work, unit string
	bound      float64 // on the ratio ours / theirs
	atLeast    bool    // whether the bound is one from below
	ours       []float64
	theirs     []float64
}

// update is a work of torch_sac_gru.py.
type update struct {
	name    string
	shape   peer.Sizes
	flags   []string
	threads int
	bound   float64
}

var updates = []update{
	{"update", peer.Default(), nil, 1, 0.40},
	{"update, large", peer.Sizes{Hidden: 128, Batch: 12, Steps: 240, Servers: 20, Features: 11, Levels: 3},
		[]string{"--hidden", "128", "--batch", "12", "--steps", "240", "--servers", "20"}, 1, 0.40},
	{"update, 2 threads", peer.Default(), nil, 2, 0.25},
}

// products are shapes of matrix products, those with a T of a transposed left.
var products = []string{"3000x64x64", "512x128x128", "64x64x3000T"}

// measures runs all works, in turns.
func (b *bench) measures() ([]*measure, error) {
	var all []*measure
	for _, u := range updates {
		all = append(all, &measure{work: u.name, unit: "ms", bound: u.bound})
	}
	policy := &measure{work: "policy step", unit: "us", bound: 0.10}
	all = append(all, policy)
	for _, p := range products {
		all = append(all, &measure{work: "product " + p, unit: "GFLOP/s", bound: 1, atLeast: true})
	}
	rates := all[len(updates)+1:]
	for round := range b.rounds {
		fmt.Fprintf(b.log, "bench: round %d of %d\n", round+1, b.rounds)
		for i, u := range updates {
			theirs, err := b.peer(u.threads, append([]string{b.script, "--threads", strconv.Itoa(u.threads)}, u.flags...)...)
			if err != nil {
				return nil, err
			}
			var line struct {
				Update float64 `json:"update_ms_median"`
				Policy float64 `json:"policy_step_us"`
			}
			if err := json.Unmarshal(theirs, &line); err != nil {
				return nil, fmt.Errorf("%s: output %q: %w", b.script, theirs, err)
			}
			ms, us, err := ours(u)
			if err != nil {
				return nil, err
			}
			all[i].add(ms, line.Update)
			if i == 0 {
				policy.add(us, line.Policy)
			}
		}
		theirs, err := b.peer(1, append([]string{"agents/nn/peer/bench/torch_gemm.py"}, products...)...)
		if err != nil {
			return nil, err
		}
		var line map[string]float64
		if err := json.Unmarshal(theirs, &line); err != nil {
			return nil, fmt.Errorf("torch_gemm.py: output %q: %w", theirs, err)
		}
		for i, p := range products {
			rates[i].add(product(p), line[p])
		}
	}
	return all, nil
}

func (m *measure) add(ours, theirs float64) {
	m.ours, m.theirs = append(m.ours, ours), append(m.theirs, theirs)
}

// peer runs the interpreter on so many threads, without what slows its BLAS.
func (b *bench) peer(threads int, args ...string) ([]byte, error) {
	c := exec.Command(b.python, args...)
	c.Env = []string{fmt.Sprintf("OPENBLAS_NUM_THREADS=%d", threads)}
	for _, v := range os.Environ() {
		if !strings.HasPrefix(v, "OPENBLAS_") {
			c.Env = append(c.Env, v)
		}
	}
	var out, fault bytes.Buffer
	c.Stdout, c.Stderr = &out, &fault
	if err := c.Run(); err != nil {
		return nil, fmt.Errorf("%s %s: %w\n%s", b.python, filepath.Base(args[0]), err, fault.Bytes())
	}
	return out.Bytes(), nil
}

// ours times what the peer times: the median of 15 updates after 3, in ms, and
// a policy step, the mean of 1000, in us.
func ours(u update) (updateMS, policyUS float64, err error) {
	workers := nn.NewWorkers(u.threads)
	defer workers.Close()
	learner, err := peer.New(u.shape, 1, workers)
	if err != nil {
		return 0, 0, err
	}
	learner.Fill(2)
	var times []float64
	for i := range 18 {
		start := time.Now()
		if err := learner.Step(); err != nil {
			return 0, 0, err
		}
		if i >= 3 {
			times = append(times, 1e3*time.Since(start).Seconds())
		}
	}
	obs := make([]float32, u.shape.Observation())
	rng := rand.New(rand.NewPCG(3, 3))
	for i := range obs {
		obs[i] = float32(rng.NormFloat64())
	}
	for range 100 {
		learner.Act(obs)
	}
	start := time.Now()
	for range 1000 {
		learner.Act(obs)
	}
	return median(times), 1e3 * time.Since(start).Seconds(), nil
}

// product returns the rate of our matrix product, in GFLOP/s.
func product(shape string) float64 {
	var m, n, k int
	rest := strings.TrimSuffix(shape, "T")
	if _, err := fmt.Sscanf(rest, "%dx%dx%d", &m, &n, &k); err != nil {
		panic(err) // the shapes are constants above
	}
	trans, lda := rest != shape, k
	if trans {
		lda = m
	}
	rng := rand.New(rand.NewPCG(1, 1))
	a, b, c := make([]float32, m*k), make([]float32, k*n), make([]float32, m*n)
	nn.Uniform(rng, 1)(a)
	nn.Uniform(rng, 1)(b)
	multiply := func() { simd.Gemm(trans, false, m, n, k, 1, a, lda, b, n, 0, c, n) }
	for range 20 {
		multiply()
	}
	var rates []float64
	for range 9 {
		start := time.Now()
		for range 60 {
			multiply()
		}
		rates = append(rates, 60*2e-9*float64(m)*float64(n)*float64(k)/time.Since(start).Seconds())
	}
	return median(rates)
}

func median(x []float64) float64 {
	x = slices.Sorted(slices.Values(x))
	n := len(x)
	return (x[(n-1)/2] + x[n/2]) / 2
}

// write writes the table.
func write(w io.Writer, measures []*measure) error {
	table := tablewriter.NewTable(w,
		tablewriter.WithHeaderAutoFormat(tw.Off),
		tablewriter.WithEastAsian(tw.Off),
		tablewriter.WithRowAlignmentConfig(tw.CellAlignment{PerColumn: []tw.Align{tw.AlignLeft, tw.AlignLeft, tw.AlignRight, tw.AlignRight, tw.AlignRight, tw.AlignRight, tw.AlignLeft}}),
	)
	table.Header("work", "unit", "fairlb", "PyTorch", "ratio", "asked", "met")
	for _, m := range measures {
		ratios := make([]float64, len(m.ours))
		for i := range ratios {
			ratios[i] = m.ours[i] / m.theirs[i]
		}
		ratio, asked, met := median(ratios), fmt.Sprintf("<= %.2f", m.bound), "no"
		if m.atLeast {
			asked = fmt.Sprintf(">= %.2f", m.bound)
		}
		if ratio == m.bound || (ratio < m.bound) != m.atLeast {
			met = "yes"
		}
		spread := func(x []float64) string {
			return fmt.Sprintf("%.4g (%.4g-%.4g)", median(x), slices.Min(x), slices.Max(x))
		}
		if err := table.Append(m.work, m.unit, spread(m.ours), spread(m.theirs),
			fmt.Sprintf("%.3f (%.3f-%.3f)", ratio, slices.Min(ratios), slices.Max(ratios)), asked, met); err != nil {
			return err
		}
	}
	return table.Render()
}
