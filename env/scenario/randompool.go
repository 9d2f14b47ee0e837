package scenario

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"strconv"
	"strings"

	"fairlb/env"
)

// The families of scenarios that are drawn at random: what stands before the number in
// their names (Random), from which all else follows.
const (
	RandomPools    = "random-pool"
	RandomServices = "random-service"
)

// RandomFamilies lists the families in the order in which they are shown.
func RandomFamilies() []string { return []string{RandomPools, RandomServices} }

// RandomFamily reads the name of a scenario that is drawn at random: its family and its
// number there.
func RandomFamily(name string) (family string, number uint64, ok bool) {
	family, digits, _ := strings.Cut(name, "/")
	number, err := strconv.ParseUint(digits, 10, 64)
	return family, number, slices.Contains(RandomFamilies(), family) && err == nil && digits == strconv.FormatUint(number, 10)
}

// drawRandom draws the scenario of a number in a family.
func drawRandom(family string, number uint64) Scenario {
	if family == RandomServices {
		return randomService(number)
	}
	return randomPool(number)
}

// Random returns the name of the scenario of a number in a family.
func Random(family string, number uint64) string { return fmt.Sprintf("%s/%d", family, number) }

// randomPool draws a pool of 2 to 64 servers behind 1 to 8 LBs, to choose on
// what is meant to serve any pool. Drawn are the servers' processors and hidden
// speeds, how the processors are shared, the demands' scale, law and part of IO,
// the load, and whether servers change speed. An episode lasts until each LB has
// sent 60 to 1000 requests to a server, on average.
func randomPool(number uint64) Scenario {
	rng := rand.New(env.Stream(number, "scenario/random-pool"))
	s := Default()
	s.LBs = 1 + rng.IntN(8)
	n := int(math.Round(logUniform(rng, 2, 64)))
	spread := rng.Float64()
	kinds := []int{1, 2, 4, 8}[:2+rng.IntN(3)]
	for range n {
		s.Servers = append(s.Servers, ServerGroup{1, kinds[rng.IntN(len(kinds))], rounded(expUniform(rng, spread))})
	}
	if rng.IntN(2) == 0 {
		s.CPU = CPU{Discipline: "processor-sharing", Workers: 32, Backlog: 128}
	}
	s.Workload = randomWorkload(rng)

	perServer := logUniform(rng, 60, 1000)
	steps := math.Ceil(perServer * float64(n*s.LBs) / s.Rate() / s.StepInterval)
	s.Duration = max(steps, 10) * s.StepInterval
	s.Latency = Latency{rounded(s.meanService() / 1000), rounded(s.meanService() / 100)}
	s.Timeout = rounded(30 * s.meanService())
	s.RandomChanges = randomPoolChanges(rng, n, s.Duration)
	return s
}

// randomWorkload draws a class of requests and a load.
func randomWorkload(rng *rand.Rand) Workload {
	mean, io := logUniform(rng, 0.01, 1), 0.75*rng.Float64()
	stages := []Stage{randomCPUStage(rng, mean*(1-io))}
	if rng.IntN(2) == 0 {
		stages = append(stages, stage("io", rounded(mean*io)))
	}
	return Workload{
		Arrivals: Arrivals{Load: rounded(0.5 + 0.45*rng.Float64())},
		Classes:  []Class{{Name: "task", Share: 1, Stages: stages}},
	}
}

// randomCPUStage draws the law of a stage of such a mean (s).
func randomCPUStage(rng *rand.Rand, mean float64) Stage {
	cpu := stage("cpu", rounded(mean))
	if rng.IntN(2) == 0 {
		cpu.Law, cpu.CV = "log-normal", rounded(0.5+2*rng.Float64())
	}
	return cpu
}

// randomPoolChanges draws what changes in each episode of a pool of n servers: in a
// third of the pools nothing, in a third a quarter of the servers go to half
// speed at one moment, and in a third every server's speed changes twice.
func randomPoolChanges(rng *rand.Rand, n int, duration float64) []RandomChange {
	moment := rounded(duration * (0.2 + 0.6*rng.Float64()))
	switch rng.IntN(3) {
	case 0:
		return []RandomChange{{Kind: "speed", At: moment, Count: (n + 3) / 4, Low: 0.5, High: 0.5}}
	case 1:
		return []RandomChange{{Kind: "speed", PerMinute: rounded(2 * float64(n) * 60 / duration), Low: 0.6, High: 1.4, Initial: true}}
	}
	return nil
}

// meanService returns the mean service of a request, CPU and IO (s).
func (s *Scenario) meanService() float64 {
	demand := s.meanDemand()
	return demand[0] + demand[1]
}

// logUniform draws from a range whose logarithm is uniform.
func logUniform(rng *rand.Rand, low, high float64) float64 {
	return low * math.Pow(high/low, rng.Float64())
}

// rounded returns x to three digits.
func rounded(x float64) float64 {
	y, _ := strconv.ParseFloat(strconv.FormatFloat(x, 'g', 3, 64), 64)
	return y
}

// expUniform draws a number whose logarithm is uniform in [-spread, spread].
func expUniform(rng *rand.Rand, spread float64) float64 {
	return math.Exp(spread * (2*rng.Float64() - 1))
}
