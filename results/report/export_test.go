package report

// Seconds is seconds, for tests from outside.
func Seconds(v float64) string { return seconds(v) }
