package station

import "fairlb/env"

// ReadTruth fills t with the servers' true state at time now. That none is out is for
// the caller to correct, who knows.
func (p *Pool) ReadTruth(now float64, t *env.Truth) {
	n := len(p.cfg.Servers)
	t.CPUWork, t.IOWork, t.CPUTime = resize(t.CPUWork, n), resize(t.IOWork, n), resize(t.CPUTime, n)
	t.Running, t.Backlog, t.Speed = resize(t.Running, n), resize(t.Backlog, n), resize(t.Speed, n)
	t.Busy, t.CPUs, t.Background, t.Out = resize(t.Busy, n), resize(t.CPUs, n), resize(t.Background, n), resize(t.Out, n)
	t.Capacity = resize(t.Capacity, n)
	for j := range n {
		cpu, io := p.CPU(j), p.IO(j)
		t.CPUWork[j], t.IOWork[j], t.CPUTime[j] = cpu.Work(now), io.Work(now), cpu.CPUTime(now)
		t.Busy[j], t.Running[j], t.Backlog[j] = p.Held(j), cpu.Busy()+io.Busy(), p.Waiting(j)
		t.Speed[j], t.CPUs[j], t.Background[j] = cpu.speed, int(cpu.procs), int(cpu.background)
		t.Capacity[j], t.Out[j] = cpu.law.Full(cpu.procs)*cpu.speed, false
	}
}

func resize[T any](s []T, n int) []T {
	if cap(s) < n {
		return make([]T, n)
	}
	return s[:n]
}
