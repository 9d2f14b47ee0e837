package guard

// pauses say when an actor that was found at fault may act again: not before a pause has
// passed, which doubles with each fault, and then only once it has been without a fault
// for a while. While it acts and nothing speaks against it, each time as long as its last
// pause takes one fault back.
type pauses struct {
	pause, most, clean float64 // s

	faults   int
	phase    phase
	until    float64 // s, when the pause ends
	since    float64 // s, since when there has been no fault
	forgiven float64 // s, when it began to act, or a fault was last taken back
}

// phase is how far an actor is from acting.
type phase uint8

const (
	acting    phase = iota
	paused          // it is not asked
	rehearsal       // it is asked and not listened to
)

// length returns the length of the pause after so many faults (s).
func (p *pauses) length() float64 {
	length := p.pause
	for k := 1; k < p.faults && length < p.most; k++ {
		length *= 2
	}
	return min(length, p.most)
}

// fault begins a pause.
func (p *pauses) fault(now float64) {
	const most = 64 // by when every pause is as long as it gets
	p.faults = min(p.faults+1, most)
	p.phase, p.until = paused, now+p.length()
}

// interrupt stops the actor for something that is not its fault, without a pause.
func (p *pauses) interrupt(now float64) {
	if p.phase != paused {
		p.phase, p.since = rehearsal, now
	}
}

// pass lets time pass in which the actor had no fault, and says whether it returns.
// suspect says that there is some evidence against it.
func (p *pauses) pass(now float64, suspect bool) (returns bool) {
	switch p.phase {
	case paused:
		if now >= p.until {
			p.phase, p.since = rehearsal, now
		}
	case rehearsal:
		if now-p.since >= p.clean {
			p.phase, p.forgiven = acting, now
			return true
		}
	case acting:
		if suspect {
			p.forgiven = now
		}
		if p.faults > 0 && now-p.forgiven >= p.length() {
			p.faults, p.forgiven = p.faults-1, now
		}
	}
	return false
}
