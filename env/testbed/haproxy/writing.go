package haproxy

import (
	"context"
	"errors"
	"fmt"
	"math"
	"strconv"
	"strings"
)

// change is a weight that is to be written.
type change struct {
	slot, weight int
	name         string
}

// Write implements testbed.Plane. It reads HAProxy's weights back before it writes those
// that are to change, so that what another writer has done is noticed first.
func (p *Plane) Write(weights []float64) error {
	p.mu.Lock()
	if p.ending {
		p.mu.Unlock()
		return ErrClosed
	}
	err := checkWeights(weights, func(slot int) bool { return slot < len(p.servers) && p.servers[slot].flows != nil })
	if err == nil {
		p.want = append(p.want[:0], weights...)
		p.beaten = p.now()
	}
	p.mu.Unlock()
	if err != nil {
		return err
	}
	ctx := context.Background() // the client has deadlines
	if err := p.refresh(ctx); err != nil {
		return err
	}
	return p.steer(ctx)
}

// followUp does what a reading may call for: weights of servers that have come or come
// back, and first weights when whoever steers has been silent.
func (p *Plane) followUp(ctx context.Context) {
	p.mu.Lock()
	silent := p.want != nil && p.cfg.Patience > 0 && p.now()-p.beaten >= p.cfg.Patience
	if silent {
		p.want = nil
		p.status.Silences++
	}
	steered := p.want != nil
	p.mu.Unlock()
	var err error
	switch {
	case silent:
		p.log.WithField("patience_s", p.cfg.Patience).Warn("nobody has steered; the first weights come back")
		err = p.restore(ctx)
	case steered:
		err = p.steer(ctx)
	}
	if err != nil && ctx.Err() == nil {
		p.log.WithError(err).Warn("weights could not be written")
	}
}

// steer writes the weights that are wanted and that servers do not have.
func (p *Plane) steer(ctx context.Context) error {
	p.exchange.Lock()
	defer p.exchange.Unlock()
	return p.apply(ctx, p.changes())
}

// changes returns what is to be written.
func (p *Plane) changes() []change {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.want == nil {
		return nil
	}
	n := len(p.servers)
	weights, in := make([]float64, n), make([]bool, n)
	known, sum := 0, 0.0
	for j := range p.servers {
		s := &p.servers[j]
		in[j] = s.flows != nil && s.owner.writable()
		if in[j] && j < len(p.want) && !math.IsNaN(p.want[j]) {
			weights[j] = p.want[j]
			known++
			sum += weights[j]
		}
	}
	for j := range weights { // a server that has come since the weights were given
		if in[j] && weights[j] == 0 {
			weights[j] = sum / float64(max(known, 1))
			if known == 0 {
				weights[j] = 1
			}
		}
	}
	p.fresh.Fill(weights, in, p.now())
	wanted := make([]int, n)
	quantise(wanted, weights, in, p.scale)
	var list []change
	for j, w := range wanted {
		if in[j] && w != p.servers[j].owner.written {
			list = append(list, change{j, w, p.servers[j].Name})
		}
	}
	return list
}

// restore writes the first weights where others are.
func (p *Plane) restore(ctx context.Context) error {
	p.exchange.Lock()
	defer p.exchange.Unlock()
	p.mu.Lock()
	var list []change
	for j := range p.servers {
		s := &p.servers[j]
		if w, needed := s.owner.toRestore(); s.flows != nil && needed {
			list = append(list, change{j, w, s.Name})
		}
	}
	p.mu.Unlock()
	return p.apply(ctx, list)
}

// restoreAtEnd restores with a few tries, since there will be no more readings.
func (p *Plane) restoreAtEnd(ctx context.Context) error {
	const tries = 3
	p.mu.Lock()
	p.ending, p.want = true, nil
	p.mu.Unlock()
	var err error
	for range tries {
		if err = p.refresh(ctx); err == nil { // who has which weight
			err = p.restore(ctx)
		}
		if err == nil {
			return nil
		}
	}
	return fmt.Errorf("haproxy: the first weights could not be brought back: %w", err)
}

// maxBatch is the number of weights that go in one line of commands, which HAProxy
// keeps in a buffer of 16 KB.
const maxBatch = 40

// apply writes the changes, the journal first. exchange must be held.
func (p *Plane) apply(ctx context.Context, list []change) error {
	if len(list) == 0 {
		return nil
	}
	if err := p.record(list); err != nil {
		return err
	}
	var errs []error
	for len(list) > 0 {
		batch := list[:min(maxBatch, len(list))]
		list = list[len(batch):]
		if err := p.send(ctx, batch); err != nil {
			errs = append(errs, err)
		}
	}
	return errors.Join(errs...)
}

// record writes the journal: the first weights of all servers, and what is about to be
// written.
func (p *Plane) record(list []change) error {
	next := map[int]int{}
	for _, c := range list {
		next[c.slot] = c.weight
	}
	p.mu.Lock()
	r := journalRecord{Version: journalVersion, Socket: p.cfg.Socket, Backend: p.cfg.Backend, PID: p.info.pid, Started: p.info.started}
	for j := range p.servers {
		s := &p.servers[j]
		if s.flows == nil || !s.owner.known {
			continue
		}
		weight, ok := next[j]
		if !ok {
			weight = s.owner.written
		}
		r.Servers = append(r.Servers, journalServer{Name: s.Name, First: s.owner.first, Written: s.owner.written, Next: weight})
	}
	p.mu.Unlock()
	return p.journal.write(&r)
}

// send writes a batch of weights in one line and reads back what became of them.
func (p *Plane) send(ctx context.Context, batch []change) error {
	backend := p.cfg.Backend
	commands := make([]string, 0, len(batch)+1)
	for _, c := range batch {
		commands = append(commands, "set server "+backend+"/"+c.name+" weight "+strconv.Itoa(c.weight))
	}
	commands = append(commands, "show servers state "+backend)
	text, err := p.client.do(ctx, commands...)
	var states []serverState
	if err == nil {
		states, err = parseStates(tableOf(text), backend, p.cfg.Servers)
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if err != nil {
		// Whether they were written is not known. The next reading tells, and must not
		// take what was written here for another writer's.
		for _, c := range batch {
			p.servers[c.slot].owner.unsure = c.weight
		}
		p.status.WritesFailed++
		return err
	}
	weights := map[string]int{}
	for k := range states {
		weights[states[k].name] = states[k].weight
	}
	var refused []string
	for _, c := range batch {
		if weights[c.name] != c.weight {
			refused = append(refused, c.name)
			continue
		}
		p.servers[c.slot].owner.written = c.weight
		p.status.WeightsWritten++
	}
	if refused != nil {
		p.status.WritesFailed++
		said := strings.TrimSpace(strings.TrimSuffix(text, tableOf(text)))
		return fmt.Errorf("%w: weights of %s: %.200q", ErrRefused, strings.Join(refused, ", "), said)
	}
	return nil
}

// tableOf returns the last reply of a text, the table of states; those before it are
// empty, or say what was refused.
func tableOf(text string) string {
	if at := strings.LastIndex(text, "\n"+stateVersion+"\n# "); at >= 0 {
		return text[at+1:]
	}
	return text
}

// takeOver takes what a process before this one has left in the journal: the first
// weights of servers that still have a weight which that process wrote.
func (p *Plane) takeOver(left *journalRecord) {
	p.mu.Lock()
	defer p.mu.Unlock()
	same := left.PID == p.info.pid && left.Started == p.info.started
	taken := 0
	for _, s := range left.Servers {
		slot, ok := p.slots[s.Name]
		if !ok || s.First == 0 {
			continue
		}
		o := &p.servers[slot].owner
		ours := o.written == s.Next || o.written == s.Written
		if ours && (same || o.written != p.servers[slot].initial) {
			o.first = s.First
			taken++
		}
	}
	p.log.WithField("servers", taken).Info("an earlier process ended without bringing first weights back; they will come back when this one ends")
}
