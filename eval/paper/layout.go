package paper

import (
	"fmt"
	"slices"
	"strings"

	"fairlb/rewards"
)

// The two classes of the web mix, in printed order.
var classes = [2]struct{ id, header string }{{"wiki", "Wiki"}, {"static", "Static"}}

// layout returns a table without its published values: its title, columns, rows and
// footnotes.
func layout(number int) (Table, error) {
	t := Table{Number: number}
	switch number {
	case 11:
		t.Title = "Mean task completion time (s), moderate scale (2 LBs, 7 servers)"
		t.Columns = moderateColumns(Mean)
		t.Rows = moderateRows()
		t.Notes = []Note{{Text: notePBF}, {Text: notePeriods}}
	case 12:
		t.Title = "99th percentile of task completion time (s), moderate scale (2 LBs, 7 servers)"
		t.Columns = moderateColumns(P99)
		t.Rows = moderateRows()
		t.Notes = []Note{{Text: noteDoubt, Columns: []int{7}}, {Text: notePBF}, {Text: notePeriods}}
	case 13:
		t.Title = "99th percentile of task completion time (s), large scale (6 LBs, 20 servers)"
		t.Columns = periodColumns("web-large", P99, []period{{"I", "2022.855"}, {"II", "2071.129"}})
		t.Rows = tableRows(true,
			method{"RLB-SAC", []string{"G"}},
			method{"QMix-LB", []string{"VBF", "PBF"}},
			method{"Distr-LB", []string{"VBF", "VBF+logVBF"}})
		t.Notes = []Note{{Text: noteCut, Columns: []int{3}}, {Text: notePBF}}
	case 14:
		t.Title = "Mean completion time of Wiki pages (s) by traffic rate, large scale (6 LBs, 20 servers)"
		t.Columns = rateColumns("wiki")
		t.Rows = tableRows(false, method{"Distr-LB", []string{"VBF", "VBF+logVBF"}})
		t.Notes = []Note{{Text: noteWiki}}
	case 15:
		t.Title = "Mean completion time of static pages (s) by traffic rate, large scale (6 LBs, 20 servers)"
		t.Columns = rateColumns("static")
		t.Rows = tableRows(false, method{"Distr-LB", []string{"VBF", "VBF+logVBF"}})
		t.Notes = []Note{{Text: noteStatic}}
	case 16:
		t.Title = "Task completion time (s) while server capacity changes, moderate scale (2 LBs, 7 servers)"
		t.Columns = capacityChangeColumns()
		t.Rows = tableRows(true,
			method{"QMix-LB", []string{"MS", "PBF", "VBF", "VBF+logVBF"}},
			method{"Distr-LB", []string{"VBF", "VBF+logVBF"}})
		t.Notes = []Note{{Text: noteTail, Columns: []int{1, 2, 4, 5}}, {Text: notePBF}}
	default:
		return Table{}, fmt.Errorf("%w %d: want one of %v", ErrUnknownTable, number, Numbers())
	}
	t.Notes = append(t.Notes, Note{Text: noteCredit})
	if slices.ContainsFunc(t.Rows, func(r Row) bool { return r.Credit == rewards.Server }) {
		t.Notes = append(t.Notes, Note{Text: noteIndependent})
	}
	t.Notes = append(t.Notes, Note{Text: noteTestbed})
	return t, nil
}

// method is a learned method and its rewards, as printed.
type method struct {
	name    string
	rewards []string
}

// addedHeuristics are the rules of the rows that are added to every table: what can be had
// without training.
func addedHeuristics() []string { return []string{"sed-ordered", "self-tuning"} }

// tableRows lists the heuristics (WCMP only where the table has it), the rows that are added,
// and then the learned methods. Where there is QMix-LB, independent Q-learning is among
// what is added.
func tableRows(wcmp bool, learned ...method) []Row {
	var rs []Row
	if wcmp {
		rs = append(rs, Row{Method: "WCMP", MethodID: "wcmp"})
	}
	rs = append(rs, Row{Method: "LSQ", MethodID: "lsq"}, Row{Method: "SED", MethodID: Baseline})
	for _, name := range addedHeuristics() {
		rs = append(rs, Row{Method: name, MethodID: name, Added: true})
	}
	if hasQMIX(learned) {
		rs = append(rs, Row{Method: "IQL-LB", Reward: "VBF", MethodID: "iql-lb", RewardID: "vbf", Credit: rewards.Server, Added: true})
	}
	for _, m := range learned {
		for _, reward := range m.rewards {
			rs = append(rs, Row{
				Method: m.name, Reward: reward,
				MethodID: strings.ToLower(m.name), RewardID: rewardID(reward),
			})
		}
	}
	return rs
}

// hasQMIX says whether QMix-LB is among the methods.
func hasQMIX(list []method) bool {
	return slices.ContainsFunc(list, func(m method) bool { return m.name == "QMix-LB" })
}

// rewardID returns the name that package rewards gives a printed reward: the
// G of RLB-SAC is its pbf (Proposition 13, as results/published/ERRATA.md mends it).
func rewardID(printed string) string {
	if printed == "G" {
		return "pbf"
	}
	return strings.ToLower(printed)
}

// moderateRows are the rows of Tables 11 and 12.
func moderateRows() []Row {
	return tableRows(true,
		method{"RLB-SAC", []string{"Jain", "G"}},
		method{"QMix-LB", []string{"MS", "logMS", "VBF", "logVBF", "VBF+logVBF", "PBF"}},
		method{"Centr-LB", []string{"CV", "VBF", "logVBF", "VBF+logVBF"}},
		method{"Distr-LB", []string{"VBF", "logVBF", "VBF+logVBF", "CV"}})
}

// moderateColumns are the columns of Tables 11 and 12.
func moderateColumns(metric Metric) []Column {
	return periodColumns("web-moderate", metric, []period{
		{"I", "796.315"}, {"II", "687.447"}, {"III", "784.522"}, {"IV", "784.522"},
	})
}

// period is a part of the 24 h trace: its Roman number and its traffic rate,
// in queries/s, as printed.
type period struct{ number, rate string }

// periodColumns gives each period one column a class. Period k is the
// scenario "<scale>/period-<k>".
func periodColumns(scale string, metric Metric, periods []period) []Column {
	var cs []Column
	for k, p := range periods {
		for _, class := range classes {
			cs = append(cs, Column{
				Key:      "period-" + p.number + "/" + class.id,
				Group:    fmt.Sprintf("Period %s (%s queries/s)", p.number, p.rate),
				Sub:      class.header,
				Scenario: fmt.Sprintf("%s/period-%d", scale, k+1),
				Class:    class.id,
				Metric:   metric,
			})
		}
	}
	return cs
}

// rateColumns are the columns of Tables 14 and 15: nine traffic rates, in
// queries/s. A scenario's name holds the whole part of its rate.
func rateColumns(class string) []Column {
	var cs []Column
	for _, rate := range []string{
		"731.534", "1097.3", "1463.067", "1828.834", "2194.601", "2377.484", "2560.368", "2743.251", "2926.135",
	} {
		whole, _, _ := strings.Cut(rate, ".")
		cs = append(cs, Column{
			Key:      rate,
			Group:    "Traffic rate",
			Sub:      rate + " queries/s",
			Scenario: "web-large/rate-" + whole,
			Class:    class,
			Metric:   Mean,
		})
	}
	return cs
}

// capacityChangeColumns are the columns of Table 16.
func capacityChangeColumns() []Column {
	var cs []Column
	for _, class := range classes {
		for _, m := range []struct {
			metric Metric
			header string
		}{{Mean, "Mean"}, {P95, "95th percentile"}, {P99, "99th percentile"}} {
			cs = append(cs, Column{
				Key:      class.id + "/" + m.metric.String(),
				Group:    m.header,
				Sub:      class.header,
				Scenario: "web-dynamic",
				Class:    class.id,
				Metric:   m.metric,
			})
		}
	}
	return cs
}
