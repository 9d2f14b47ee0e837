package dispatch

import (
	"fmt"
	"strings"
)

// Rule chooses a server for each request that arrives at one LB.
type Rule interface {
	// Pick returns the index of the chosen server, one that is not out. Whoever
	// calls it then tells the View where the request was sent (View.Sent), or
	// that it does not count yet (View.Picked).
	Pick(v *View) int
}

// Follower is a Rule whose Pick changes more than its view of scores and the state of a
// random stream. Where several replicas of a rule decide in turns, each tells the others
// of its choices, and those that did not choose follow.
type Follower interface {
	Rule

	// Follow does what Pick does, except that the server has been chosen by another
	// replica of the rule, which may have seen events in another order.
	Follow(v *View, server int)
}

// Heir is a Rule that can take over what another one has learned of the servers which
// both have.
type Heir interface {
	// Inherit takes over what old has learned; from[j] is what server j was for old, -1
	// if old did not have it. Where old is of another kind it does nothing.
	Inherit(old Rule, from []int)
}

// Completer is a Rule that learns from the requests that have ended.
type Completer interface {
	// Completed tells the rule that a request which it sent has ended.
	Completed(c Completion)
}

// Abandoner is a Rule that must know of requests that are given up for reasons which are
// not their server's, and of which Completed is not called.
type Abandoner interface {
	Rule
	// Abandoned is called when a request on a server has been given up.
	Abandoned(server int)
}

// Completion is the end of a request, as its LB learns of it.
type Completion struct {
	Server   int     // where the request was sent
	Now      float64 // s since the episode began
	Duration float64 // s since the request arrived at the LB
	Ongoing  int32   // the LB's count of its requests on the server (View.Ongoing) just before, this one included
	Failed   bool    // the server refused the request or went away

	// Total is the number of requests of all LBs that the server had when it answered,
	// the answered one included, where the response says it; 0: it does not.
	Total int32

	Class uint8 // of the request (View.Class)
}

// Resetter is a Rule that remembers more than its parameters and what it reads
// anew in an invalidated View.
type Resetter interface {
	// Reset forgets everything but the parameters, because an episode begins:
	// the rule is as if it had just been made.
	Reset()
}

// Reports is what servers tell of themselves to an LB that asks. In reality an
// answer takes time; a rule that asks says what delay it assumes.
type Reports interface {
	// Probe returns the number of requests in flight at a server, of all LBs,
	// and the median latency (s) of those requests that had arrived there when
	// about as many were in flight; 0 where none has ended yet.
	Probe(server int) (inFlight int32, latency float64)

	// Load returns a server's counters since the episode began: the requests
	// that it has completed, and the processor time (s) that it has used.
	Load(server int) (completed int, busy float64)
}

// GlobalState is what only a simulator knows: the present state of all servers.
// It serves the rules that are references, such as Oracle.
type GlobalState interface {
	// Finish returns how long (s) a server would take to finish all its work,
	// the arriving request included; +Inf for a server that has failed.
	Finish(server int) float64

	// Capacity returns what a server can do at this moment, in processors of
	// nominal speed, without what background jobs take of them; 0 for a server
	// that has failed.
	Capacity(server int) float64

	// Outstanding returns the number of requests, of all LBs, that a server
	// has or that are on their way to it.
	Outstanding(server int) int32
}

// heuristic is a rule that New makes by name.
type heuristic struct {
	name    string
	summary string // a few words, for the list of heuristics
	make    func(o Options) (Rule, error)
}

// Options is what New is told of an LB and its servers.
type Options struct {
	// Capacity is the servers' configured capacity (number of processors): what
	// an operator knows, not what a server can truly do.
	Capacity []float64
	LB       int  // the LB's index, from 0
	LBs      int  // the number of LBs
	Ties     Ties // how LSQ and SED break ties; 0: fairly

	// Policy has the coefficients of universal or universal-carried; nil: the shipped ones.
	Policy *Policy

	// Told says that servers tell the LB how many requests they have (View.Told).
	Told bool

	// Classes is the number of classes of requests that the LB tells apart
	// (View.KeepClasses); 0: it sees none.
	Classes int

	constants constants // those that the name gives
}

// heuristics lists them in the order of the tables: the paper's first, then
// those of practice, then references that see more than an LB can.
func heuristics() []heuristic {
	return []heuristic{
		{"ecmp", "at random (appendix C.3)", func(o Options) (Rule, error) { return NewRandom(uniform(len(o.Capacity))) }},
		{"wcmp", "at random, by capacity (appendix C.3)", func(o Options) (Rule, error) { return NewRandom(o.Capacity) }},
		{"lsq", "least own requests, ties as the scenario says (appendix C.3)", func(o Options) (Rule, error) { return NewShortestDelay(uniform(len(o.Capacity)), o) }},
		{"sed", "least own (requests + 1) / capacity, ties as the scenario says (appendix C.3)", func(o Options) (Rule, error) { return NewShortestDelay(o.Capacity, o) }},
		{"oracle", "would finish all its work first; sees everything (appendix C.3)", func(Options) (Rule, error) { return Oracle{}, nil }},
		{"p2c", "the lesser, by SED's measure, of two drawn at random", func(o Options) (Rule, error) { return NewTwoChoices(o.Capacity) }},
		{"wlr", "Envoy's weighted least request: round robin, weight capacity / (own requests + 1)", func(o Options) (Rule, error) { return NewLeastRequest(o.Capacity) }},
		{"peak-ewma", "the lesser of two drawn at random by average latency, quick to rise, times own requests + 1", func(o Options) (Rule, error) { return NewPeakEWMA(len(o.Capacity)) }},
		{prequalName, "by probes of requests in flight and latency: least latency, unless all are hot", newNamedPrequal},
		{"cswrr", "gRPC's weighted round robin: weight requests/s over utilisation, as servers report", func(o Options) (Rule, error) { return NewReportedLoad(o.Capacity) }},
		{leastTimeName, "nginx's least_time last_byte inflight: average time, ages included, times (own requests + 1) / capacity", newLeastTime},
		{relativeName, "LinkedIn D2's relative strategy: at random, by health that falls where latency is above the pool's", newRelative},
		{twoChoicesAccrualName, "p2c with Finagle's failure accrual: five failures in a row, none for 5 s and more, then a probe", newTwoChoicesAccrual},
		{selfTuningName, "SED by capacities that it estimates; it is told none, and avoids servers that fail", newSelfTuning},
		{UniversalName, "self-tuning whose score has learned coefficients, the same for every pool; it is told processors and doubts them", newUniversal},
		{CarriedName, "self-tuning by own requests and those of others that servers tell of, weighed by age; needs reports", newCarried},
		{UniversalCarriedName, "carried whose score has learned coefficients, the same for every pool; needs reports", newUniversalCarried},
		{ClassAwareName, "self-tuning by counts and times over what each class of requests has cost; needs classes_seen", newClassAware},
		{"lsq-ordered", "LSQ, ties by an order that the next LB reverses", func(o Options) (Rule, error) { return NewShortestDelay(uniform(len(o.Capacity)), ordered(o)) }},
		{"sed-ordered", "SED, ties by an order that the next LB reverses", func(o Options) (Rule, error) { return NewShortestDelay(o.Capacity, ordered(o)) }},
		{"sed-true", "SED by the servers' true capacities of the moment, which no LB sees", func(Options) (Rule, error) { return TrueCapacity{}, nil }},
		{"jsq", "least requests of all LBs; sees everything", func(o Options) (Rule, error) { return NewGlobalShortestDelay(uniform(len(o.Capacity))) }},
		{"sed-global", "SED by the requests of all LBs; sees everything", func(o Options) (Rule, error) { return NewGlobalShortestDelay(o.Capacity) }},
	}
}

// Names lists the heuristics that New knows.
func Names() []string {
	var names []string
	for _, h := range heuristics() {
		names = append(names, h.name)
	}
	return names
}

// Summary says in a few words what a heuristic does; empty if there is none
// of that name.
func Summary(name string) string {
	for _, h := range heuristics() {
		if h.name == name {
			return h.summary
		}
	}
	return ""
}

// NeedsTold says whether a heuristic needs servers that tell how many requests they have
// (Options.Told).
func NeedsTold(name string) bool {
	heuristic := WithoutConstants(name)
	return heuristic == CarriedName || heuristic == UniversalCarriedName
}

// KnowsMore says whether a heuristic has coefficients that were learned, is told by servers how
// many requests they have, or sees the classes of requests.
func KnowsMore(name string) bool {
	heuristic := WithoutConstants(name)
	return heuristic == UniversalName || heuristic == ClassAwareName || NeedsTold(heuristic)
}

// Check reports a name that New does not know, or constants that a heuristic does
// not take.
func Check(name string) error {
	_, err := New(name, Options{Capacity: []float64{1}, LBs: 1, Told: true, Classes: 1})
	return err
}

// New returns the heuristic of the given name for one LB. Behind the name, a colon
// and a list such as exponent=0.8,window=100 set constants of a heuristic that has
// some.
func New(name string, o Options) (Rule, error) {
	if o.LB < 0 || o.LB >= o.LBs {
		return nil, fmt.Errorf("dispatch: LB %d of %d: must be in [0, number of LBs)", o.LB, o.LBs)
	}
	base, given, any := strings.Cut(name, ":")
	for _, h := range heuristics() {
		if h.name != base {
			continue
		}
		if any {
			var err error
			if o.constants, err = parseConstants(base, given); err != nil {
				return nil, err
			}
		}
		return h.make(o)
	}
	return nil, fmt.Errorf("dispatch: unknown heuristic %q (known: %s)", name, strings.Join(Names(), ", "))
}

// ordered returns the options with OrderedTies. Much of what LSQ and SED lose where
// an LB has few requests they lose by how they break ties; what an order gains must
// not be credited to learning, so such rules stand beside the others.
func ordered(o Options) Options {
	o.Ties = OrderedTies
	return o
}

func uniform(n int) []float64 {
	w := make([]float64, n)
	for j := range w {
		w[j] = 1
	}
	return w
}

// checkWeights reports weights that are not all positive and finite.
func checkWeights(weights []float64) error {
	if len(weights) == 0 {
		return fmt.Errorf("dispatch: no servers")
	}
	for j, w := range weights {
		if !(w > 0 && w <= 1e12) {
			return fmt.Errorf("dispatch: weight of server %d is %g: must be in (0, 1e12]", j, w)
		}
	}
	return nil
}
