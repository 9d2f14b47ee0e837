// Package record keeps the record of a run: one JSON object a line (JSONL). The first
// line is the Header (resolved settings and their hash, seeds, versions, the command),
// every other line a row, whose field "row" names its type, such as "round".
//
// The command writes a record while it trains, and reads it to show, verify, plot and
// resume runs. What a row of a type holds is the writer's matter, such as train.Round;
// this package knows lines only. A crash can cut off the last line alone: Read drops it
// and says so, Resume removes it. Any other line that is not whole is an error with
// file and line, and so is one that was changed: each line ends in a sum over all
// lines up to it.
//
// The package reads no clock: a record's time is a value of its Header. A new field of
// the Header needs no new Format if records without it can still be read.
package record
