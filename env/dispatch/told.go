package dispatch

import (
	"math"

	"fairlb/env/snapshot"
)

// Told is what an LB knows of how many requests a server has, of all LBs, because the
// server says so: on its responses, or in messages that it pushes.
type Told struct {
	Requests int32   // that the server had at the time Said, of all LBs, those included that wait there
	Said     float64 // s since the episode began; negative: the server has said nothing yet

	// Own is the LB's own part of Requests, as far as it can know: its count
	// (View.Ongoing) when it heard. What it sent while the message was on its way is in
	// it, although the server did not have that yet.
	Own int32
	// Sent and Ended are how many own requests have begun and ended to count there since
	// the LB heard: Own + Sent - Ended is its count.
	Sent, Ended int32
}

// Others returns how many requests of other LBs the server had when it said so, as far
// as the LB can know.
func (t *Told) Others() int32 { return max(0, t.Requests-t.Own) }

// KeepTold lets the View keep what servers say of their requests.
func (v *View) KeepTold() {
	v.Told = make([]Told, len(v.Ongoing))
	v.ForgetTold()
}

// ForgetTold drops what servers have said of their requests.
func (v *View) ForgetTold() {
	for j := range v.Told {
		v.Told[j] = Told{Said: -1}
	}
}

// Hear notes that a server said at a time (s) how many requests it had. What was said
// before something else that the LB has heard has no effect.
func (v *View) Hear(server int, requests int32, said float64) {
	t := &v.Told[server]
	if said < t.Said {
		return
	}
	*t = Told{Requests: requests, Said: said, Own: v.Ongoing[server]}
	v.note(server)
}

// ToldState saves or restores what servers have said of their requests.
func (v *View) ToldState(c *snapshot.Codec) {
	snapshot.Fixed(c, v.Told, func(t *Told) {
		snapshot.Int(c, &t.Requests)
		c.Float64(&t.Said)
		snapshot.Int(c, &t.Own)
		snapshot.Int(c, &t.Sent)
		snapshot.Int(c, &t.Ended)
		if t.Requests < 0 || !(t.Said >= -1 && t.Said <= math.MaxFloat64) {
			c.Fail("%d requests said at %g s", t.Requests, t.Said)
		}
	})
}
