package weblog

import "bytes"

// What a format does with the text of a field: the functions here put it into the
// record, and say what is wrong with it.

// setJoint takes the target out of a host and a path.
func setJoint(r *record, text []byte) fault {
	if slash := bytes.IndexByte(text, '/'); slash > 0 && !bytes.Contains(text[:slash], []byte{'?'}) {
		text = text[slash:]
	}
	return setPath(r, text)
}

// setRequest takes the target out of a request line.
func setRequest(r *record, text []byte) fault {
	target, ok := targetOf(text)
	if !ok {
		r.target = []byte{'/'}
		return fault{text, badRequest, true}
	}
	r.target = target
	return fault{}
}

func setPath(r *record, text []byte) fault {
	r.path = text
	return fault{}
}

func setArgs(r *record, text []byte) fault {
	r.args = text
	return fault{}
}

func setServer(r *record, text []byte) fault {
	r.server = text
	return fault{}
}

func setBackend(r *record, text []byte) fault {
	r.backend = text
	return fault{}
}

// setLastServer takes the last of a list of servers, which is the one that answered.
func setLastServer(r *record, text []byte) fault {
	for len(text) > 0 {
		r.server, text = listItem(text)
	}
	return fault{}
}

// setTotal reads the time that the request took. Of two, the finer one counts, and
// they must agree.
func setTotal(u unit) func(r *record, text []byte) fault {
	return func(r *record, text []byte) fault {
		us, ok := duration(text, u)
		if !ok {
			return fault{text, durationRule(u), false}
		}
		if r.total >= 0 && us >= 0 {
			coarse, fine, by := us, r.total, u
			if u < r.totalUnit {
				coarse, fine, by = r.total, us, r.totalUnit
			}
			if float64(fine-coarse) >= float64(by) || float64(coarse-fine) > float64(by) {
				return fault{text, "two request times of one line must be the same but for their units", false}
			}
			if u >= r.totalUnit {
				return fault{}
			}
		}
		r.total, r.totalText, r.totalUnit = us, text, u
		return fault{}
	}
}

// setPart reads a part of the time that the request took, which the service or the
// queueing is as well.
func setPart(u unit, more func(*record) *int64) func(r *record, text []byte) fault {
	return func(r *record, text []byte) fault {
		us, ok := duration(text, u)
		if !ok {
			return fault{text, durationRule(u), true}
		}
		if us >= 0 {
			r.part = max(r.part, 0) + us
		}
		if more != nil {
			*more(r) = us
		}
		return fault{}
	}
}

// setDuration reads another duration.
func setDuration(u unit, of func(*record) *int64) func(r *record, text []byte) fault {
	return func(r *record, text []byte) fault {
		us, ok := duration(text, u)
		if !ok {
			return fault{text, durationRule(u), true}
		}
		*of(r) = us
		return fault{}
	}
}

// setUpstream reads the times of nginx's upstreams.
func setUpstream(u unit) func(r *record, text []byte) fault {
	return func(r *record, text []byte) fault {
		sum, last, ok := durations(text, u)
		if !ok {
			return fault{text, durationRule(u), true}
		}
		r.upstream, r.service = sum, last
		if r.totalText == nil {
			r.totalText, r.totalUnit = text, u
		}
		return fault{}
	}
}

// The durations of a record.
func queueOf(r *record) *int64   { return &r.queue }
func connectOf(r *record) *int64 { return &r.connect }
func serviceOf(r *record) *int64 { return &r.service }

// isRequest says whether text is a request line with its protocol.
func isRequest(text []byte) bool {
	index := bytes.LastIndex(text, []byte(" HTTP/"))
	return index > 0 && bytes.IndexByte(text[index+1:], ' ') < 0
}

// is returns whether a text is a time.
func (read stampReader) is(text []byte) bool {
	_, _, ok := read(text)
	return ok
}

// setStamp reads a time.
func setStamp(read stampReader, rule string, end bool) func(r *record, text []byte) fault {
	return func(r *record, text []byte) fault {
		us, fine, ok := read(text)
		if !ok {
			return fault{text, rule, true}
		}
		if r.stamped && r.fine && !fine {
			return fault{}
		}
		r.stamp, r.fine, r.end, r.stamped, r.stampText = us, fine, end, true, text
		return fault{}
	}
}
