package scenario

import (
	"math/rand/v2"

	"fairlb/env"
)

// randomService draws what a policy that is to serve any pool should serve too: one in four is of
// the web scenarios' kind (randomWeb), the others are random pools (randomPool) of which two in
// three do IO, up to three quarters of a request. Of all, one in four has bursts, and in one in
// six servers fail and come back. An episode is as long as the random pool's.
func randomService(number uint64) Scenario {
	rng := rand.New(env.Stream(number, "scenario/random-service"))
	s := randomPool(number)
	if rng.IntN(4) == 0 {
		s = randomWeb(rng)
	} else {
		s.Workload.Classes[0].Stages = randomStages(rng, s.meanService())
	}
	if rng.IntN(4) == 0 {
		mean := s.meanService() * logUniform(rng, 10, 300)
		s.Workload.Arrivals.BurstFactor = rounded(1.1 + 0.9*rng.Float64())
		s.Workload.Arrivals.BurstMean, s.Workload.Arrivals.CalmMean = rounded(mean), rounded(mean*(2+4*rng.Float64()))
	}
	if rng.IntN(6) == 0 {
		s.Detection = rounded(s.meanService() * logUniform(rng, 1, 30))
		s.RandomChanges = append(s.RandomChanges, RandomChange{Kind: "fail", PerMinute: rounded(120 / s.Duration), DownMean: rounded(s.Duration / 10)})
	}
	return s
}

// randomStages draws the stages of requests of such a mean service (s).
func randomStages(rng *rand.Rand, mean float64) []Stage {
	io := 0.0
	if rng.IntN(3) > 0 {
		io = 0.75 * rng.Float64()
	}
	stages := []Stage{randomCPUStage(rng, mean*(1-io))}
	if io > 0 {
		stages = append(stages, stage("io", rounded(mean*io)))
	}
	return stages
}

// randomWeb draws a pool of the web scenarios' kind (webModerate): 2 to 8 LBs, two groups of
// servers of which one has twice the other's processors, half of the time with hidden
// speeds, pages whose times are 0.3 to 10 times as long, and a load of 0.3 to 0.95. An episode
// is a minute, by that scale.
func randomWeb(rng *rand.Rand) Scenario {
	s := webModerate(1, 0)
	s.LBs = 2 + rng.IntN(7)
	spread := max(0, 2*rng.Float64()-1)
	cpus := 2 << rng.IntN(2)
	s.Servers = nil
	for group := range 2 {
		for range 2 + rng.IntN(12) {
			s.Servers = append(s.Servers, ServerGroup{1, cpus >> group, rounded(expUniform(rng, spread))})
		}
	}
	scale := logUniform(rng, 0.3, 10)
	s.StepInterval = rounded(s.StepInterval * scale)
	for k := range s.SYNRetries {
		s.SYNRetries[k] = rounded(s.SYNRetries[k] * scale)
	}
	s.Workload = webMix(1, 0)
	wiki := 0.2 + 0.5*rng.Float64()
	for c, share := range []float64{rounded(wiki), 1 - rounded(wiki)} {
		class := &s.Workload.Classes[c]
		class.Share = share
		for k := range class.Stages {
			class.Stages[k].Mean = rounded(class.Stages[k].Mean * scale)
		}
	}
	s.Workload.Arrivals = Arrivals{Load: rounded(0.3 + 0.65*rng.Float64())}
	s.Latency.Low, s.Latency.High = rounded(s.Latency.Low*scale), rounded(s.Latency.High*scale)
	s.Timeout = rounded(s.Timeout * scale)
	s.Duration = 60 * s.StepInterval / 0.25
	return s
}
