package parallel

import (
	"fmt"
	"runtime/debug"
	"strings"
)

// PanicError is a panic that was recovered.
type PanicError struct {
	Value any
	Stack string // of the goroutine that panicked, its first lines
}

// Error implements error.
func (e *PanicError) Error() string { return fmt.Sprintf("panic: %v\n%s", e.Value, e.Stack) }

// Unwrap returns the error that the panic was made with, or nil.
func (e *PanicError) Unwrap() error {
	err, _ := e.Value.(error)
	return err
}

// stackLines is how much of a stack is kept: about twelve calls.
const stackLines = 30

// Catch is deferred: it makes of a panic the *PanicError of the function that
// defers it. A panic with a *PanicError, which comes from another goroutine,
// stays what it is.
//
//	func f() (err error) {
//		defer parallel.Catch(&err)
func Catch(err *error) {
	p := recover()
	if p == nil {
		return
	}
	if carried, ok := p.(*PanicError); ok {
		*err = carried
		return
	}
	lines := strings.Split(string(debug.Stack()), "\n")
	*err = &PanicError{Value: p, Stack: strings.Join(lines[:min(stackLines, len(lines))], "\n")}
}
