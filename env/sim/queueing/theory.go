package queueing

import (
	"math"

	"gonum.org/v1/gonum/mathext"
)

// erlangC is the probability that a task must wait in M/M/c at offered load a
// = lambda / mu < c.
func erlangC(c int, a float64) float64 {
	b := 1.0 // Erlang B, by its recursion
	for k := 1; k <= c; k++ {
		b = a * b / (float64(k) + a*b)
	}
	rho := a / float64(c)
	return b / (1 - rho*(1-b))
}

// mmcMean is the mean completion time of M/M/c with mean service 1.
func mmcMean(c int, a float64) float64 { return 1 + erlangC(c, a)/(float64(c)-a) }

// mmcTail is P(T > t) of M/M/c, FIFO, with mean service 1.
func mmcTail(c int, a, t float64) float64 {
	spare := float64(c) - 1 - a
	if spare == 0 {
		return math.Exp(-t) * (1 + erlangC(c, a)*t)
	}
	return math.Exp(-t) * (1 + erlangC(c, a)*(1-math.Exp(-spare*t))/spare)
}

// pollaczekKhinchine is the mean completion time of M/G/1, FIFO, with mean
// service 1, coefficient of variation cv and load rho.
func pollaczekKhinchine(rho, cv float64) float64 { return 1 + rho*(1+cv*cv)/(2*(1-rho)) }

// mmckLoss is the part of tasks that M/M/c/K refuses at offered load a.
func mmckLoss(c, k int, a float64) float64 {
	term, sum := 1.0, 1.0
	for n := 1; n <= k; n++ {
		term *= a / float64(min(n, c))
		sum += term
	}
	return term / sum
}

// birthDeathMean is the mean completion time where tasks arrive at the given rate
// and n of them get work(n) s of service a second, demands having mean 1: by
// Little's law from the stationary distribution of their number, cut off where what
// is left of it is nothing. It holds for exponential demands and, under processor
// sharing, for any.
func birthDeathMean(rate float64, work func(n int) float64) float64 {
	term, sum, tasks := 1.0, 1.0, 0.0
	for n := 1; term > 1e-16*sum || n < 100; n++ {
		term *= rate / work(n)
		sum += term
		tasks += float64(n) * term
	}
	return tasks / sum / rate
}

// erlangTail is P(X > t) of the sum of k exponentials of mean 1.
func erlangTail(k int, t float64) float64 { return mathext.GammaIncRegComp(float64(k), t) }

// shortestOfTwo is the stationary distribution of join-the-shortest-queue with
// two servers of rate 1 and arrivals of rate lambda < 2: p[i][j], by
// Gauss-Seidel on the balance equations, queues cut off at most.
func shortestOfTwo(lambda float64, most int) [][]float64 {
	p := make([][]float64, most+1)
	for i := range p {
		p[i] = make([]float64, most+1)
		for j := range p[i] {
			p[i][j] = math.Pow(lambda/2, float64(i+j))
		}
	}
	// into is the rate of arrivals at state (i, j) into the first server.
	into := func(i, j int) float64 {
		switch {
		case i > j || i == most:
			return 0
		case i == j:
			return lambda / 2
		}
		return lambda
	}
	for range 4000 {
		change, total := 0.0, 0.0
		for i := range p {
			for j := range p {
				in, out := 0.0, into(i, j)+into(j, i)
				if i > 0 {
					in += p[i-1][j] * into(i-1, j)
					out++
				}
				if j > 0 {
					in += p[i][j-1] * into(j-1, i)
					out++
				}
				if i < most {
					in += p[i+1][j]
				}
				if j < most {
					in += p[i][j+1]
				}
				change += math.Abs(in/out - p[i][j])
				p[i][j] = in / out
				total += p[i][j]
			}
		}
		for i := range p {
			for j := range p {
				p[i][j] /= total
			}
		}
		if change < 1e-13 {
			break
		}
	}
	return p
}

// shortestMean is the mean completion time of join-the-shortest-queue with two
// servers, each at load rho, by Little's law.
func shortestMean(rho float64) float64 {
	tasks := 0.0
	for i, row := range shortestOfTwo(2*rho, 80) {
		for j, p := range row {
			tasks += float64(i+j) * p
		}
	}
	return tasks / (2 * rho)
}

// shortestTail is P(T > t) of the same: an arrival that finds k tasks at the
// shorter queue stays for k + 1 services.
func shortestTail(rho, t float64) float64 {
	tail := 0.0
	for i, row := range shortestOfTwo(2*rho, 80) {
		for j, p := range row {
			tail += p * erlangTail(min(i, j)+1, t)
		}
	}
	return tail
}

// twoChoices is the part of servers with at least k tasks under JSQ(2), the
// power of two choices, as their number grows (Mitzenmacher 2001; Vvedenskaya,
// Dobrushin and Karpelevich 1996).
func twoChoices(rho float64, k int) float64 { return math.Pow(rho, math.Exp2(float64(k))-1) }

// twoChoicesMean is the mean completion time under JSQ(2) in that limit.
func twoChoicesMean(rho float64) float64 {
	tasks := 0.0
	for k := 1; k < 20; k++ {
		tasks += twoChoices(rho, k)
	}
	return tasks / rho
}

// twoChoicesTail is P(T > t) under JSQ(2), FIFO, in that limit.
func twoChoicesTail(rho, t float64) float64 {
	tail := 0.0
	for k := range 20 {
		// Both of the two drawn have at least k tasks, not both k + 1.
		reached, beyond := twoChoices(rho, k), twoChoices(rho, k+1)
		tail += (reached*reached - beyond*beyond) * erlangTail(k+1, t)
	}
	return tail
}
