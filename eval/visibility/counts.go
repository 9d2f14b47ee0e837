package visibility

import "fairlb/env"

// Counts compares what load balancers know without any probe, their own ongoing requests,
// with all requests that servers hold. The requests of one load balancer times the number
// of load balancers stand for those of all.
type Counts struct {
	Believed [][][]float64 `json:"believed"` // by load balancer, server and moment
	Requests [][]float64   `json:"requests"` // that servers hold, by server and moment
}

// Add adds a moment: what each load balancer counts, and the truth.
func (c *Counts) Add(counts [][]env.ServerCounts, t *env.Truth) {
	if c.Believed == nil {
		c.Believed, c.Requests = make([][][]float64, len(counts)), make([][]float64, len(t.Running))
		for i := range c.Believed {
			c.Believed[i] = make([][]float64, len(t.Running))
		}
	}
	for i, row := range counts {
		for j, x := range row {
			c.Believed[i][j] = append(c.Believed[i][j], float64(len(counts)*x.Ongoing))
		}
	}
	for j := range c.Requests {
		c.Requests[j] = append(c.Requests[j], float64(held(t, j)))
	}
}

// Quality is that of a load balancer's own counts, the mean of all load balancers.
func (c *Counts) Quality() Quality {
	var rmse, relative, spearman, across []float64
	for _, believed := range c.Believed {
		q := Compare(c.Requests, believed)
		rmse, relative = appendKnown(rmse, q.RMSE), appendKnown(relative, q.Relative)
		spearman, across = appendKnown(spearman, q.Spearman), appendKnown(across, q.Across)
	}
	return Quality{mean(rmse), mean(relative), mean(spearman), mean(across)}
}
