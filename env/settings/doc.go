// Package settings reads and writes settings files: scenarios and
// hyperparameters, in YAML, decoded strictly into Go structs.
//
// Load takes a struct that holds the defaults, lays the file over it, then the
// overrides of the command line (path=value), then asks the struct itself
// for the rules of its values (Ruled). It reports every fault that it
// finds, each on one line with its place, path, value and the rule:
//
//	train.yaml:12:5: sac.gama: unknown field (did you mean "gamma"?)
//	scenario.yaml:4:9: arrivals.rate = -3: must be positive
//	--set: servers[9]: index out of range: there are 8 elements
//
// Fields are named by their yaml tag, or by their Go name in lower case; the
// tag "-" hides a field, the option inline takes a struct's fields into its
// parent's, and omitempty leaves a zero value out of what Marshal writes. A
// doc tag holds a comment (a unit, a choice of values) that Marshal writes
// behind the field; {values} in it stands for the values that the field's rule
// (OneOf) lists. Supported are bool, integers, floats, string, structs,
// pointers, slices, arrays, maps with string keys, and whatever implements
// encoding.TextUnmarshaler and TextMarshaler.
//
// A list or map in the file replaces the default as a whole, and its elements
// start from zero values; a struct or a pointer's target is merged field by
// field. Anchors, aliases, tags and several documents are refused, so that a
// file says what it means and a small file cannot expand into a large one.
// Numbers are decimal; .inf and .nan are read, for the rules to judge.
//
// The YAML parser is github.com/goccy/go-yaml; what lies between its syntax
// tree and the struct is written here, because its decoder stops at the first
// fault.
package settings
