package text_test

import (
	"os"

	"fairlb/results/text"
)

// A command prints a simple table.
func ExampleTable() {
	t := text.NewTable("RUN", "METHOD", "SEED")
	t.Row("runs/a", "distr-lb", "1")
	t.Rowf("%s\t%s\t%d", "runs/another", "qmix-lb", 12)
	t.Rowf("%s in all", text.Count(2, "run"))
	_ = t.Write(os.Stdout)
	// Output:
	// RUN           METHOD    SEED
	// runs/a        distr-lb  1
	// runs/another  qmix-lb   12
	// 2 runs in all
}

// A report has numbers below a rule, and names no longer than there is room.
func ExampleTable_Fit() {
	t := text.NewTable("target", "mean")
	t.Style = text.Ruled
	t.Right(1)
	t.Row("sed", "0.250")
	t.Row("runs/2025-03-01/distr-lb/vbf/seed-1", "0.2")
	t.Fit(30, 10, 0, 0)
	_ = t.Write(os.Stdout)
	// Output:
	//  target                 mean
	// -----------------------------
	//  sed                   0.250
	//  …istr-lb/vbf/seed-1     0.2
}
