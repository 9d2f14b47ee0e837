package frame

import (
	"fmt"
	"strings"
)

// grouped returns the servers in no more than so many rows: neighbours, of equal CPUs as far
// as that goes, share one where there are more. No rows: one each.
func grouped(list []server, rows int) []server {
	if rows <= 0 || len(list) <= rows {
		return list
	}
	for size := 2; ; size++ {
		for _, apart := range []bool{true, false} { // servers of different CPUs
			if groups := grouping(list, size, apart); len(groups) <= rows {
				return groups
			}
		}
	}
}

// grouping makes groups of at most that size.
func grouping(list []server, size int, apart bool) (groups []server) {
	for from := 0; from < len(list); {
		to := from + 1
		for to < len(list) && to-from < size && (!apart || list[to].cpus == list[from].cpus) {
			to++
		}
		groups = append(groups, together(list[from:to]))
		from = to
	}
	return groups
}

// together is several servers as one row.
func together(list []server) server {
	if len(list) == 1 {
		return list[0]
	}
	x := server{name: rangeName(list[0].name, list[len(list)-1].name), cpus: list[0].cpus, out: true}
	for _, s := range list {
		if s.cpus != x.cpus {
			x.cpus = 0
		}
		x.queues = append(x.queues, s.queues...)
		x.queue += s.queue / float64(len(list))
		x.share += s.share
		x.part += s.part / float64(len(list))
		x.out = x.out && s.out
		for i, w := range s.weights {
			if i == len(x.weights) {
				x.weights = append(x.weights, 0)
			}
			x.weights[i] += w / float64(len(list))
		}
	}
	return x
}

// rangeName names the servers from one to another: server0-4.
func rangeName(first, last string) string {
	digits := strings.TrimRight(last, "0123456789")
	if rest, same := strings.CutPrefix(first, digits); same && digits != last && rest != "" {
		return first + "-" + last[len(digits):]
	}
	return fmt.Sprintf("%s to %s", first, last)
}
