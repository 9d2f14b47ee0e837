// Package settings reads and writes settings files: scenarios, hyperparameters
// and studies, in YAML, decoded strictly into Go structs. It knows nothing of
// what the structs mean; their packages (env/scenario, train, eval/study, and
// the methods' own) declare the fields and state their rules.
//
// Load takes a struct that holds the defaults, lays the file over it, then the
// overrides of the command line (path=value), and then asks the struct for the
// rules of its values (Ruled). It reports every fault that it finds, each on one
// line with its place, path, value and the rule:
//
//	train.yaml:12:5: sac.gama: unknown field (did you mean "gamma"?)
//	scenario.yaml:4:9: arrivals.rate = -3: must be positive
//	--set: servers[9]: index out of range: there are 8 elements
//
// Rules are typed: Closed(1, 9) or OneOf("a", "b") judges a value, makes the
// sentence of a fault, and becomes a bound of the JSON schema that Schema
// returns for editors. Marshal writes a struct as a file, JSON as an object for
// records, and Hash names it by its content.
//
// Fields are named by their yaml tag, or by their Go name in lower case. The tag
// "-" hides a field, the option inline takes a struct's fields into its
// parent's, and omitempty leaves a zero value out of what Marshal writes. A doc
// tag holds a comment (a unit, a choice of values) that Marshal writes behind
// the field; {values} in it stands for the values that the field's rule (OneOf)
// lists. Fields may be bool, integers, floats, string, structs, pointers,
// slices, arrays, maps with string keys, and whatever implements
// encoding.TextUnmarshaler and TextMarshaler.
//
// A list or map in the file replaces the default as a whole, and its elements
// start from zero values; a struct or a pointer's target is merged field by
// field. Anchors, aliases, tags and several documents are refused, so that a
// file says what it means and a small file cannot expand into a large one.
// Numbers are decimal; .inf and .nan are read, and it is for the rules to refuse
// them.
//
// The YAML parser is github.com/goccy/go-yaml (document.go). Its decoder stops
// at the first fault, so what lies between its syntax tree and the struct is
// written here (decode.go, scalar.go, override.go). A new kind of rule is a
// function in rule.go.
package settings
