package dispatch

import (
	"math"

	"fairlb/env/snapshot"
)

// LearnedScore is the score of universal: the request goes to
//
//	argmin_j (q_j + c_j) / w_j,
//	log w_j = Exponent log a_j + <Policy.Weight, x_j>,
//	log c_j = <Policy.Offset, x_j> + <Policy.Common, y>.
//
// a_j is self-tuning's estimate of a server's capacity, x_j are the features of a server
// (ServerFeatures) and y those of the pool (PoolFeatures), all of them without a unit and
// relative to the pool, so that the same coefficients serve every pool. Without
// coefficients it is self-tuning's score, (q_j + 1) / a_j^Exponent. universal-carried
// (learnedCarriedScore) has more features, of what servers tell.
//
// What is known of the pool changes with every completion; it is summed up anew once in as
// many picks as there are servers, so that a decision costs O(log servers) as
// self-tuning's does.
type LearnedScore struct {
	policy   *Policy
	exponent float64
	long     *Capacities // those of the rule
	recent   *Capacities // by a tenth of the completions
	share    float64     // 1 / LBs
	told     []float64   // by server, the logarithm of its configured capacity, of mean 0 over the pool
	mean     float64     // of the configured capacities
	order    []float64   // by server, in [-1, 1]: falls for the LBs of odd index, rises for the others
	division []float64   // by server, in [-1, 1]: greatest for one in LBs servers, other ones for each LB

	pool   [poolFeatures]float64
	slope  float64      // of the estimates over the configured capacities, both as logarithms
	centre float64      // what is left of the estimates on average
	spread float64      // standard deviation of the estimates over servers, as logarithms, noise taken off
	sums   []serverSums // by server, as of its last computation

	// Of universal-carried alone.
	carried *carriedScore // what servers have told; its expectations are by the pool's age
	others  float64       // what another LB's request beyond the usual ones counts beside an own one, for scores to come
}

// serverSums is what is known of a server when its score is computed.
type serverSums struct {
	number   float64 // completions, decayed
	capacity float64 // log a_j
	weight   float64 // w_j
	offset   float64 // c_j
	others   float64 // of universal-carried: what another LB's request beyond the usual ones counts beside an own one
}

// recentConstants are those of the second, quicker estimate.
func recentConstants() SelfTuningConfig { return SelfTuningConfig{Exponent: 1, Window: 20, Prior: 3} }

const (
	// confidenceNumber is the number of completions at which an estimate is trusted half.
	confidenceNumber = 10
	// slopePrior is the slope before anything is known, slopeWeight one over the variance that
	// it has over pools.
	slopePrior, slopeWeight = 0.5, 8
	// estimateNoise is the variance of the logarithm of an estimate of one completion, as it was
	// measured in the moderate scenarios after 30 s.
	estimateNoise = 1.1
	// spreadPrior is the variance of capacities about what is told of them that one server more
	// than there are is taken to have shown; leastVariance is the least.
	spreadPrior, leastVariance = 0.05, 0.001
	// MaxLogWeight and MaxLogOffset bound the logarithms of weights and of offsets.
	MaxLogWeight, MaxLogOffset = 20.0, 5.0
	// maxLog bounds logarithms of relative capacities among the features.
	maxLog = 3
	// maxLoad bounds the logarithm of the load.
	maxLoad = 2.5
	// maxServers bounds the number of servers among the features: no pool in training had more,
	// and what they learned of 64 holds of 250 where it goes no further.
	maxServers = 64
)

// NewLearnedScore returns the score of a policy for an LB that estimates capacities by long.
// It fails unless every configured capacity is positive.
func NewLearnedScore(policy *Policy, long *Capacities, o Options) (*LearnedScore, error) {
	recent, err := NewCapacities(len(o.Capacity), recentConstants())
	if err != nil {
		return nil, err
	}
	n := len(o.Capacity)
	s := &LearnedScore{
		policy: policy, others: 1, exponent: long.cfg.Exponent, long: long, recent: recent, share: 1 / float64(o.LBs),
		told: make([]float64, n), order: make([]float64, n), division: make([]float64, n), sums: make([]serverSums, n),
	}
	if err := checkWeights(o.Capacity); err != nil {
		return nil, err
	}
	logMean := 0.0
	for j, c := range o.Capacity {
		s.told[j] = math.Log(c)
		logMean += s.told[j] / float64(n)
		s.mean += c / float64(n)
	}
	direction := float64(1 - 2*(o.LB%2))
	for j := range s.told {
		s.told[j] = bounded(s.told[j] - logMean)
		if n > 1 {
			s.order[j] = direction * (2*float64(j)/float64(n-1) - 1)
		}
		if o.LBs > 1 { // else there is nobody to divide the servers with
			s.division[j] = math.Cos(2 * math.Pi * float64(j-o.LB) / float64(o.LBs))
		}
	}
	s.Reset()
	return s, nil
}

// bounded keeps the logarithm of a relative capacity within what was seen in training.
func bounded(x float64) float64 { return min(max(x, -maxLog), maxLog) }

// Reset forgets all completions; the estimates that it was made with are reset before.
func (s *LearnedScore) Reset() {
	s.recent.Reset()
	s.observeAll()
}

// Add takes in what the estimates that it was made with have been given (Capacities.Add).
func (s *LearnedScore) Add(server int, number uint64, counts, times float64) {
	s.recent.Add(server, number, counts, times)
	s.observe(server)
}

// Forget drops what is known of a server, because another one has taken its index; the
// estimates that it was made with have forgotten it before.
func (s *LearnedScore) Forget(server int) {
	s.recent.Forget(server)
	s.observe(server)
}

// Refresh computes a server's score anew; that of server 0 comes after what is known of
// the pool.
func (s *LearnedScore) Refresh(server int) {
	if server == 0 {
		s.sumUp()
	}
	s.observe(server)
}

// observe takes what is known of a server.
func (s *LearnedScore) observe(server int) {
	x := &s.sums[server]
	x.number, x.capacity = s.long.known(server)
	s.compute(server)
}

// sumUp sums up what is known of the pool.
func (s *LearnedScore) sumUp() {
	// A server counts by one over the variance of its estimate about what is told: of the noise of
	// its completions, and of what capacities differ from what is told of them.
	among := s.spread*s.spread + leastVariance
	precision := func(number float64) float64 { return number / (number*among + estimateNoise) }
	var weight, mean, toldMean float64
	for j := range s.sums {
		x := &s.sums[j]
		k := precision(x.number)
		weight += k
		mean += k * x.capacity
		toldMean += k * s.told[j]
	}
	s.slope, s.spread, s.centre = slopePrior, 0, 0
	if weight > 0 {
		mean, toldMean = mean/weight, toldMean/weight
		var square, product float64
		for j := range s.sums {
			x := &s.sums[j]
			k := precision(x.number)
			told := s.told[j] - toldMean
			square += k * told * told
			product += k * told * (x.capacity - mean)
		}
		s.slope = (product + slopePrior*slopeWeight) / (square + slopeWeight)
		s.slope = min(max(s.slope, -1), 2)
		s.centre = mean - s.slope*toldMean
		// The variance of what is left, less the noise of the estimates, which contain one
		// completion of the pool's average beside the server's own.
		left, servers := spreadPrior, 1.0
		for j := range s.sums {
			x := &s.sums[j]
			r := x.capacity - s.slope*s.told[j] - s.centre
			k := x.number / (x.number + confidenceNumber)
			left += k * (r*r - estimateNoise/(1+x.number))
			servers += k
		}
		s.spread = min(1, math.Sqrt(max(0, left/servers)))
	}
	others := 0.0 // that a request meets at its server
	if p := s.long.pool; p.number > 0 {
		others = max(0, p.counts/p.number-1) / s.share
	}
	load := min(math.Log1p(others/s.mean), maxLoad) - 0.5
	s.pool = [poolFeatures]float64{1, load, s.share - 0.3, math.Log(float64(min(len(s.sums), maxServers)))/2 - 1, s.slope - slopePrior, s.spread - 0.3}
	s.believe()
}

// believe computes how far what servers tell is believed, by what is known of the pool.
func (s *LearnedScore) believe() {
	if s.carried == nil {
		return
	}
	others, age := 0.0, 0.0
	for k, f := range s.pool {
		others += s.policy.Others[k] * f
		age += s.policy.Age[k] * f
	}
	s.others = s.share * math.Exp(min(max(others, -MaxLogOffset), MaxLogOffset))
	s.carried.age = s.carried.constants.Age * math.Exp(min(max(age, -MaxLogOffset), MaxLogOffset))
}

// compute computes a server's weight and offset.
func (s *LearnedScore) compute(server int) {
	x := &s.sums[server]
	features := s.features(server)
	weight, offset := s.exponent*x.capacity, 0.0
	for k, f := range features {
		weight += s.policy.Weight[k] * f
		offset += s.policy.Offset[k] * f
	}
	for k, f := range s.pool {
		offset += s.policy.Common[k] * f
	}
	x.weight = math.Exp(min(max(weight, -MaxLogWeight), MaxLogWeight))
	x.offset = math.Exp(min(max(offset, -MaxLogOffset), MaxLogOffset))
	x.others = s.others
}

// features returns the features of a server, in the order of ServerFeatures.
func (s *LearnedScore) features(server int) [carriedFeatures]float64 {
	x := &s.sums[server]
	capacity := bounded(x.capacity)
	known := x.number/(x.number+confidenceNumber) - 0.5
	_, recent := s.recent.known(server)
	trend := bounded(bounded(recent) - capacity)
	told, load, share, servers := s.told[server], s.pool[1], s.pool[2], s.pool[3]
	order, division := s.order[server], s.division[server]
	explained, doubt := s.slope*told, 0.5-known
	// What is left of the estimate is believed as far as it is more than noise.
	variance := s.spread*s.spread + leastVariance
	posterior := s.centre + explained + (x.capacity-explained-s.centre)*variance/(variance+estimateNoise/(1+x.number))
	posterior = bounded(posterior)
	var totalKnown, total, popular float64
	if s.carried != nil {
		totalKnown, total = s.carried.capacities.known(server)
		total, totalKnown = bounded(total), totalKnown/(totalKnown+confidenceNumber)-0.5
		usual := s.carried.usual * s.carried.weights.servers[server].weight
		popular = bounded(math.Log((s.carried.usually(server) + 0.5) / (usual + 0.5)))
	}
	return [carriedFeatures]float64{
		capacity, capacity * known, capacity * load, capacity * share, posterior, posterior * load, trend,
		told, told * doubt, told * load, explained, explained * doubt, explained * load, explained * share,
		order, order * share, division, division * share, division * load, division * servers, known,
		total, total * totalKnown, popular, popular * load, popular * share,
	}
}

// Features returns what the weight and the offset of a server are computed from: the
// logarithm of its estimated capacity relative to the pool's, its features
// (ServerFeatures) and the pool's (PoolFeatures).
func (s *LearnedScore) Features(server int) []float64 {
	own := s.features(server)
	n := len(ServerFeatures(s.policy.Carried))
	return append(append([]float64{s.sums[server].capacity}, own[:n]...), s.pool[:]...)
}

// Weight returns the weight w_j of a server, as last computed.
func (s *LearnedScore) Weight(server int) float64 { return s.sums[server].weight }

// Offset returns the offset c_j of a server, as last computed.
func (s *LearnedScore) Offset(server int) float64 { return s.sums[server].offset }

// score returns the score of a server.
func (s *LearnedScore) score(v *View, server, _ int) float64 {
	x := &s.sums[server]
	return (float64(v.Ongoing[server]) + x.offset) / x.weight
}

// Inherit takes over what old knows, by the indices of its servers (Heir); nil if it
// was no learned score. The estimates that it was made with have inherited before.
func (s *LearnedScore) Inherit(old *LearnedScore, from []int) {
	if old != nil {
		s.recent.Inherit(old.recent, from)
	}
	s.observeAll()
}

// observeAll computes everything from the estimates.
func (s *LearnedScore) observeAll() {
	for j := range s.sums {
		s.sums[j].number, s.sums[j].capacity = s.long.known(j)
	}
	s.sumUp()
	for j := range s.sums {
		s.compute(j)
	}
}

// state saves or restores all that is known; the rule's own estimates come before.
func (s *LearnedScore) state(c *snapshot.Codec) {
	s.recent.state(c)
	for _, x := range []*float64{&s.slope, &s.centre, &s.spread} {
		c.Float64(x)
	}
	for k := range s.pool {
		c.Float64(&s.pool[k])
		if !(math.Abs(s.pool[k]) <= 100) {
			c.Fail("%s of the pool is %g", PoolFeatures()[k], s.pool[k])
		}
	}
	if !(s.slope >= -1 && s.slope <= 2 && math.Abs(s.centre) <= 100 && s.spread >= 0 && s.spread <= 1) {
		c.Fail("estimates of slope %g, spread %g and mean %g", s.slope, s.spread, s.centre)
	}
	s.believe()
	snapshot.Fixed(c, s.sums, func(x *serverSums) {
		c.Float64(&x.number)
		c.Float64(&x.capacity)
		c.Float64(&x.weight)
		c.Float64(&x.offset)
		if !(x.number >= 0 && x.number <= math.MaxFloat64 && math.Abs(x.capacity) <= 100 && x.weight >= 1e-9 && x.weight <= 1e9 && x.offset >= 1e-3 && x.offset <= 1e3) {
			c.Fail("a weight of %g and an offset of %g by %g completions", x.weight, x.offset, x.number)
		}
		if s.carried == nil {
			return
		}
		c.Float64(&x.others)
		if !(x.others >= 1e-9 && x.others <= 1e3) {
			c.Fail("another LB's request counts as %g", x.others)
		}
	})
}

// universalScore is the score of universal in self-tuning's frame.
type universalScore struct{ *LearnedScore }

var _ tunedScore = universalScore{}

func (s universalScore) reset()                { s.Reset() }
func (s universalScore) refresh(server int)    { s.Refresh(server) }
func (universalScore) hear(*View, int) bool    { return false }
func (universalScore) turn(*View) int          { return 0 }
func (universalScore) totals() bool            { return false }
func (universalScore) turns() int              { return 0 }
func (s universalScore) meanDuration() float64 { return s.long.MeanDuration() }

func (s universalScore) completed(c Completion) {
	s.long.Add(c.Server, 1, float64(c.Ongoing), c.Duration)
	s.Add(c.Server, 1, float64(c.Ongoing), c.Duration)
}

func (s universalScore) inherit(old tunedScore, from []int) {
	s.Inherit(learnedOf(old), from)
}

// learnedOf returns what a rule has learned of its own requests as universal does; nil: it has
// its estimates of capacities alone, as self-tuning's own score does.
func learnedOf(score tunedScore) *LearnedScore {
	switch x := score.(type) {
	case universalScore:
		return x.LearnedScore
	case *learnedCarriedScore:
		return x.learned
	}
	return nil
}
