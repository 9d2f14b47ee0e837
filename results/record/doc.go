// Package record keeps the record of a run: one JSON object a line. The first
// line is the Header (resolved settings and their hash, seeds, versions, the
// command), every other line a row, whose "row" field names its type ("round",
// "episode", "result").
//
// Packages train and eval write records; results and the commands read them.
// A crash can cut off the last line only: Read drops it and says so. Any other
// line that is not whole is an error with file and line.
//
// The package reads no clock: a record's time is a value of its Header.
package record
