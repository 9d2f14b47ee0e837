// Package schema holds the JSON schemas (draft 2020-12) of the settings files:
// hyperparameters, load balancers (lb), scenarios and studies. With a schema, an
// editor completes and explains a file's fields while it is written. The judge of a
// file is package settings, which knows more rules than a schema can say.
//
// Nobody edits the JSON files: cmd/schema makes them of the Go structs, their
// comments, and the rules that they state (make schema), and a test fails while
// they are not what it would make. A new kind of file is added to Names here and
// to generate in cmd/schema.
package schema
