package figure

// LearningCurve is how completion times change over the episodes of one training
// run.
type LearningCurve struct {
	Seed       uint64
	Episodes   []float64 // episodes so far, rising
	Completion []float64 // s, mean completion time of each round's requests
	Greedy     bool      // of validation, without exploring; else of training
}

// MethodCurves are the training runs of one method.
type MethodCurves struct {
	Name   string
	Curves []LearningCurve
}

// ReferenceLevel is a horizontal line to compare curves to.
type ReferenceLevel struct {
	Name  string
	Value float64 // s
}

// Learning is how completion times change while methods learn, beside levels on the
// same arrivals. The curves of all methods are of validation, or none is.
type Learning struct {
	Scenario string
	Methods  []MethodCurves
	Levels   []ReferenceLevel
}

// Greedy says whether the curves are of validation, without exploring.
func (l *Learning) Greedy() bool {
	return len(l.Methods) > 0 && len(l.Methods[0].Curves) > 0 && l.Methods[0].Curves[0].Greedy
}
