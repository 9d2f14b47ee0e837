// Package schema holds the JSON schemas (draft 2020-12) of the settings files:
// hyperparameters, scenarios and studies. With one, an editor completes and
// explains a file's fields as it is written; package settings stays the judge
// of it. The files are made of the Go structs and their comments by cmd/schema:
// make schema.
package schema
