package chart

import (
	"math"
	"strconv"
	"time"

	"gonum.org/v1/plot"
)

// roundTicks labels an axis at about six round numbers.
type roundTicks struct{}

// Ticks implements plot.Ticker.
func (roundTicks) Ticks(lo, hi float64) []plot.Tick {
	step := math.Pow(10, math.Floor(math.Log10((hi-lo)/3)))
	for _, factor := range []float64{5, 2} {
		if (hi-lo)/(step*factor) >= 4 {
			step *= factor
			break
		}
	}
	var ticks []plot.Tick
	for k := math.Ceil(lo / step); k*step <= hi; k++ {
		ticks = append(ticks, plot.Tick{Value: k * step, Label: strconv.FormatFloat(k*step, 'g', 6, 64)})
	}
	return ticks
}

// fewTicks labels an axis that begins at 0 there and at no more than four round
// numbers above.
type fewTicks struct{}

// Ticks implements plot.Ticker.
func (fewTicks) Ticks(_, hi float64) []plot.Tick {
	decade := math.Pow(10, math.Floor(math.Log10(hi/4)))
	step := 10 * decade
	for _, times := range []float64{5, 2, 1} {
		if times*decade*5 > hi {
			step = times * decade
		}
	}
	var ticks []plot.Tick
	for k := 0.0; k*step <= hi; k++ {
		ticks = append(ticks, plot.Tick{Value: k * step, Label: strconv.FormatFloat(k*step, 'g', 3, 64)})
	}
	return ticks
}

// oneTwoFiveTicks labels a logarithmic axis at 1, 2 and 5 times the powers of ten.
type oneTwoFiveTicks struct{}

// Ticks implements plot.Ticker.
func (oneTwoFiveTicks) Ticks(lo, hi float64) []plot.Tick {
	var ticks []plot.Tick
	for k := math.Floor(math.Log10(lo)); math.Pow(10, k) <= hi; k++ {
		for _, m := range []float64{1, 2, 5} {
			if x := m * math.Pow(10, k); x >= lo && x <= hi {
				ticks = append(ticks, plot.Tick{Value: x, Label: tickLabel(x)})
			}
		}
	}
	return ticks
}

// tickLabel writes 1, 2 or 5 times a power of ten, without an exponent if it is from
// 1 to a million.
func tickLabel(x float64) string {
	if x >= 1 && x < 1e6 {
		return strconv.FormatFloat(x, 'f', 0, 64)
	}
	return strconv.FormatFloat(x, 'g', 3, 64)
}

// narrowTicks are oneTwoFiveTicks for a narrow panel, where labels have little room:
// if the axis is long, only the powers of ten are labelled.
type narrowTicks struct{}

// Ticks implements plot.Ticker.
func (narrowTicks) Ticks(lo, hi float64) []plot.Tick {
	ticks := oneTwoFiveTicks{}.Ticks(lo, hi)
	for k := range ticks {
		power := math.Log10(ticks[k].Value)
		if math.Log10(hi/lo) > 2.5 && math.Abs(power-math.Round(power)) > 1e-9 {
			ticks[k].Label = ""
		}
	}
	return ticks
}

// powerOfTwoTicks labels a logarithmic axis of counts at the powers of two.
type powerOfTwoTicks struct{}

// Ticks implements plot.Ticker.
func (powerOfTwoTicks) Ticks(lo, hi float64) []plot.Tick {
	var ticks []plot.Tick
	for x := 1.0; x <= hi; x *= 2 {
		if x >= lo {
			ticks = append(ticks, plot.Tick{Value: x, Label: strconv.Itoa(int(x))})
		}
	}
	return ticks
}

// decadeTicks labels the powers of ten on an axis whose values are decimal
// logarithms, and marks their multiples between without labels.
type decadeTicks struct{}

// Ticks implements plot.Ticker.
func (decadeTicks) Ticks(lo, hi float64) []plot.Tick {
	var ticks []plot.Tick
	for decade := math.Floor(lo); decade <= hi; decade++ {
		for k := range 9 {
			tick := plot.Tick{Value: decade + math.Log10(float64(k+1))}
			if k == 0 {
				tick.Label = tickLabel(math.Pow(10, decade))
			}
			if tick.Value >= lo && tick.Value <= hi {
				ticks = append(ticks, tick)
			}
		}
	}
	return ticks
}

// ninesTicks are the labels, in percent, of an axis whose values are nines.
func ninesTicks() plot.ConstantTicks {
	var ticks plot.ConstantTicks
	for _, part := range []float64{0, 0.5, 0.9, 0.95, 0.99, 0.995, 0.999, 0.9999} {
		ticks = append(ticks, plot.Tick{Value: nines(part), Label: strconv.FormatFloat(100*part, 'g', 4, 64)})
	}
	return ticks
}

// nines maps a part of the whole to an axis on which 0.9, 0.99 and 0.999 are equally
// far apart, at 1, 2 and 3.
func nines(part float64) float64 { return -math.Log10(1 - part) }

// multipleTicks labels a logarithmic axis of multiples at the powers of eight, from an
// eighth on, and marks the powers of two between.
type multipleTicks struct{}

// Ticks implements plot.Ticker.
func (multipleTicks) Ticks(lo, hi float64) []plot.Tick {
	var ticks []plot.Tick
	for k := math.Ceil(math.Log2(lo) - 1e-9); math.Exp2(k) <= hi*(1+1e-9); k++ {
		tick := plot.Tick{Value: math.Exp2(k)}
		switch {
		case k < 0 && math.Mod(k, 3) == 0:
			tick.Label = "1/" + strconv.FormatFloat(math.Exp2(-k), 'f', 0, 64)
		case math.Mod(k, 3) == 0:
			tick.Label = strconv.FormatFloat(tick.Value, 'f', 0, 64)
		}
		ticks = append(ticks, tick)
	}
	return ticks
}

// nanosecondTicks labels a logarithmic axis of times in ns at the powers of ten, with
// units, and marks twice and five times those.
type nanosecondTicks struct{}

// Ticks implements plot.Ticker.
func (nanosecondTicks) Ticks(lo, hi float64) []plot.Tick {
	ticks := oneTwoFiveTicks{}.Ticks(lo, hi)
	for k := range ticks {
		x := ticks[k].Value
		power := math.Round(math.Log10(x))
		ticks[k].Label = ""
		if math.Abs(math.Log10(x)-power) < 1e-9 {
			ticks[k].Label = (time.Duration(math.Pow(10, power)) * time.Nanosecond).String()
		}
	}
	return ticks
}
