package report

import (
	"io"
	"strings"

	"fairlb/eval"
)

// EvaluationFormat is a form in which an evaluation is written.
type EvaluationFormat struct {
	Name   string // as users choose it
	Binary bool   // it does not belong on a terminal

	// Write writes an evaluation. With statistics, text also has what else is
	// known of the seeds' means; the other formats have all that they hold
	// either way.
	Write func(w io.Writer, e *eval.Evaluation, statistics bool) error
}

// EvaluationFormats lists the formats. A new one is a line here.
func EvaluationFormats() []EvaluationFormat {
	always := func(write func(io.Writer, *eval.Evaluation) error) func(io.Writer, *eval.Evaluation, bool) error {
		return func(w io.Writer, e *eval.Evaluation, _ bool) error { return write(w, e) }
	}
	return []EvaluationFormat{
		{"text", false, WriteEvaluationText},
		{"json", false, always(func(w io.Writer, e *eval.Evaluation) error { return e.WriteJSON(w) })},
		{"csv", false, always(WriteEvaluationCSV)},
		{"parquet", true, always(WriteEvaluationParquet)},
		{"marl-eval", false, always(WriteMARLEval)},
	}
}

// EvaluationFormatNames lists the names of the formats in a sentence: "text,
// json or csv".
func EvaluationFormatNames() string {
	var names []string
	for _, f := range EvaluationFormats() {
		names = append(names, f.Name)
	}
	last := len(names) - 1
	return strings.Join(names[:last], ", ") + " or " + names[last]
}
