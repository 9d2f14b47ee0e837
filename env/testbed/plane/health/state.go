package health

// State is what the results of its checks have made of one server. The first result
// counts at once, because nothing is known before it; after that the server changes
// only when Rise good results, or Fall bad ones, came in a row. Before the first result
// a server is taken to be up.
type State struct {
	Rise, Fall int // at least 1

	down    bool
	checked bool // there was a result
	against int  // results in a row that say otherwise than down does
}

// Up says whether the server is taken to work.
func (s *State) Up() bool { return !s.down }

// Checked says whether there was a result.
func (s *State) Checked() bool { return s.checked }

// Result takes the result of a check, and says whether Up has changed by it.
func (s *State) Result(good bool) (changed bool) {
	first := !s.checked
	s.checked = true
	if good == s.Up() {
		s.against = 0
		return false
	}
	s.against++
	needed := s.Fall
	if s.down {
		needed = s.Rise
	}
	if !first && s.against < needed {
		return false
	}
	s.down, s.against = !good, 0
	return true
}
