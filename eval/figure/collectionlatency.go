package figure

import (
	"fmt"
	"slices"

	"fairlb/eval/rows"
)

// CollectionLatency says how long it takes to get the features of a load balancer's
// servers, from shared memory and by probes over sockets.
type CollectionLatency struct {
	Figure   string // as the paper numbers it: "Figure 11"
	Scenario string // whose servers they are
	Servers  int
	Features int // of a server
	Machine  string
	Measured string  // when
	Others   float64 // part of all processors that other programs used meanwhile
	Stolen   float64 // part of them that other virtual machines had
	Readings []CollectionReadings
}

// CollectionReadings are the readings by one way, each after a pause.
type CollectionReadings struct {
	Way   string  // its name, as in files: "shm-v2"
	Title string  // what it is
	Pause float64 // s, before each reading
	// Again says that the same had been read just before, so that there were no features to
	// compute and what is left is the exchange.
	Again bool
	Bytes float64      // that went through sockets for a reading, both ways
	Times Distribution // s
}

// The ways that are held against each other: what the paper's margin is about.
const (
	MarginShared = "shm-v2"
	MarginProbe  = "tcp"
)

// Pauses lists the pauses, in their order.
func (c *CollectionLatency) Pauses() []float64 {
	var list []float64
	for _, r := range c.Readings {
		if !slices.Contains(list, r.Pause) {
			list = append(list, r.Pause)
		}
	}
	return list
}

// Of lists the readings after a pause, those of new frames or those of the same again.
func (c *CollectionLatency) Of(pause float64, again bool) []CollectionReadings {
	var list []CollectionReadings
	for _, r := range c.Readings {
		if r.Pause == pause && r.Again == again {
			list = append(list, r)
		}
	}
	return list
}

// Median is the median of such readings by a way; ok is false if there is none.
func (c *CollectionLatency) Median(way string, pause float64, again bool) (seconds float64, ok bool) {
	for _, r := range c.Of(pause, again) {
		if r.Way == way && r.Times.N > 0 {
			return r.Times.Quantile(0.5), true
		}
	}
	return 0, false
}

// Check returns ErrEmpty unless every way has readings.
func (c *CollectionLatency) Check() error {
	if len(c.Readings) == 0 {
		return fmt.Errorf("%w: no way of getting features", ErrEmpty)
	}
	for _, r := range c.Readings {
		if r.Times.N == 0 {
			return fmt.Errorf("%w: no reading by %s", ErrEmpty, r.Way)
		}
	}
	return nil
}

// CollectionLatencyOf reads back what report.WriteCollectionLatencyCSV wrote. Machine and
// day are not recorded.
func CollectionLatencyOf(file *rows.File) (*CollectionLatency, error) {
	c := &CollectionLatency{}
	err := file.Each(func(r *rows.Record) {
		c.Scenario, c.Servers, c.Features = r.Text("scenario"), r.Count("servers"), r.Count("features")
		c.Others, c.Stolen = r.Number("others_part"), r.Number("stolen_part")
		x := CollectionReadings{Way: r.Text("way"), Title: r.Text("what"), Pause: r.Number("pause_s"), Again: r.Bool("again"), Bytes: r.Number("socket_bytes")}
		x.Times = Distribution{N: r.Count("readings"), Mean: r.Number("mean_s"), Longest: r.Number("max_s"), All: recordedQuantiles(r, false)}
		x.Times.Done = x.Times.All
		if x.Times.N == 0 {
			r.Refuse("readings", "must be at least one")
		}
		if !(x.Pause >= 0 && x.Pause < 1e6) {
			r.Refuse("pause_s", "must be from 0 to a million")
		}
		c.Readings = append(c.Readings, x)
	})
	return c, err
}
