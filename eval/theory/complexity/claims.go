package complexity

// Parameter is one of the sizes that Table 7 speaks of.
type Parameter string

// The parameters.
const (
	Samples Parameter = "k" // of a reservoir
	Servers Parameter = "N"
	Level   Parameter = "m" // frames in each direction
)

// Parameters lists them.
func Parameters() []Parameter { return []Parameter{Samples, Servers, Level} }

// Bound is a claimed order of growth.
type Bound struct {
	Text  string      // "O(kN + mN)"
	Grows []Parameter // those in which it grows, each linearly
}

// Order returns the claimed exponent of growth in a parameter, 0 or 1.
func (b Bound) Order(p Parameter) float64 {
	for _, x := range b.Grows {
		if x == p {
			return 1
		}
	}
	return 0
}

// Row is a row of Table 7.
type Row struct {
	Name         string
	Time, Memory Bound
	Operations   []string // ours that do it
}

// Rows returns Table 7 as it is printed, and the operations of package shm that stand
// for each row.
func Rows() []Row {
	one := Bound{Text: "O(1)"}
	m := Bound{"O(m)", []Parameter{Level}}
	n := Bound{"O(N)", []Parameter{Servers}}
	server := Bound{"O(k + m)", []Parameter{Samples, Level}}
	all := Bound{"O(kN + mN)", []Parameter{Samples, Servers, Level}}
	return []Row{
		{"Add / remove VIP", one, all, []string{"make a region", "remove a region"}},
		{"Add server", one, server, []string{"add a server"}},
		{"Remove server", one, one, []string{"remove a server"}},
		{"Register reservoir sample", one, one, []string{"register a sample"}},
		{"Update counter (cache)", one, one, []string{"update a counter"}},
		{"Update counters / actions (buffers)", one, n, []string{"publish the counters", "write all weights"}},
		{"Get latest observation, 1 node", m, server, []string{"find a server's newest row", "read a server, 5 new samples"}},
		{"Get latest observation, all nodes", m, all, []string{"read all, nothing new", "read all, 5 new samples each"}},
		{"Update action, data plane, 1 node", m, one, []string{"write one weight, take it"}},
		{"Update action, data plane, all nodes", m, n, []string{"write all weights, take them"}},
	}
}

// Operations lists our operations in the order of the rows.
func Operations() []string {
	var names []string
	for _, r := range Rows() {
		names = append(names, r.Operations...)
	}
	return names
}
