package machine

import (
	"fmt"
	"runtime"
)

// Load is what others had of the processors for a while, as parts of all of them.
type Load struct {
	Known  bool    // else the system does not say
	Others float64 // what other programs, and the kernel for them, used
	Stolen float64 // what other virtual machines of the same host had
}

// Watch watches the machine from when it was made on.
type Watch struct {
	begun usage
	known bool
}

// usage is processor time, in s, since the machine or the process started.
type usage struct{ total, idle, stolen, own float64 }

// NewWatch begins to watch.
func NewWatch() *Watch {
	u, err := read()
	return &Watch{u, err == nil}
}

// Load returns what others have had since the watch began. What processes have used that
// this one started counts as others' until they have ended and been waited for.
func (w *Watch) Load() Load {
	now, err := read()
	if !w.known || err != nil {
		return Load{}
	}
	return between(w.begun, now)
}

func between(a, b usage) Load {
	total := b.total - a.total
	if total <= 0 {
		return Load{}
	}
	stolen := b.stolen - a.stolen
	others := total - (b.idle - a.idle) - stolen - (b.own - a.own)
	return Load{Known: true, Others: max(0, others/total), Stolen: max(0, stolen/total)}
}

// Name says what the machine is.
func Name() string { return fmt.Sprintf("%d cores, %s", runtime.NumCPU(), runtime.GOARCH) }
