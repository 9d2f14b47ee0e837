package paper

import "slices"

// PublishedDifferences counts the printed cells of a method in a table, or in a part of its
// columns, by how they compare to SED's in the same column. What the paper's text lost is
// not counted.
type PublishedDifferences struct {
	Table   int
	Columns string // which part of the columns; empty: all
	Method  string // as printed; of a learned method all its rewards
	Learned bool

	// Numbers of cells: significantly less than SED's, that is better; significantly more;
	// and without a significant difference, by Welch's test of PublishedRuns runs at 5 %.
	Less, More, Same int
}

// Cells is the number of cells that are counted.
func (d *PublishedDifferences) Cells() int { return d.Less + d.More + d.Same }

// CountPublishedDifferences counts the cells of a table by method, in the order of its rows;
// those of a table by rates below overload and in it by themselves.
func CountPublishedDifferences(number int) ([]PublishedDifferences, error) {
	t, err := Get(number)
	if err != nil {
		return nil, err
	}
	f, err := Fill(t, func(int, int) (Measurement, bool) { return Measurement{}, false })
	if err != nil {
		return nil, err
	}
	overload := t.Overload()
	if overload == len(t.Columns) {
		return f.publishedDifferences("", 0, overload), nil
	}
	return append(f.publishedDifferences("below overload", 0, overload), f.publishedDifferences("in overload", overload, len(t.Columns))...), nil
}

// publishedDifferences counts the cells in the columns from first on, before end.
func (f *Filled) publishedDifferences(columns string, first, end int) []PublishedDifferences {
	var list []PublishedDifferences
	for i, r := range f.Rows {
		if r.Added || r.MethodID == Baseline {
			continue
		}
		k := slices.IndexFunc(list, func(d PublishedDifferences) bool { return d.Method == r.Method })
		if k < 0 {
			k = len(list)
			list = append(list, PublishedDifferences{Table: f.Number, Columns: columns, Method: r.Method, Learned: r.Learned()})
		}
		for _, c := range f.Cells[i][first:end] {
			switch ratio := c.PublishedRatio; {
			case ratio == nil:
			case !ratio.Significant:
				list[k].Same++
			case ratio.Value < 1:
				list[k].Less++
			default:
				list[k].More++
			}
		}
	}
	return list
}
