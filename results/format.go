package results

import "strconv"

// missing stands for a value that does not exist.
const missing = "-"

// seconds formats a time like the paper, with 3 decimals; from 10 s on with
// fewer, so that up to 9999 s take no more than five characters.
func seconds(v float64) string {
	const width = 5
	for decimals := 3; decimals > 0; decimals-- {
		if s := strconv.FormatFloat(v, 'f', decimals, 64); len(s) <= width {
			return s
		}
	}
	return strconv.FormatFloat(v, 'f', 0, 64)
}

// oursText formats the measured value of a cell. pm stands between mean and
// sd; a single run has no sd.
func (c cell) oursText(pm string) string {
	switch {
	case !c.measured:
		return missing
	case c.ours.N == 1:
		return seconds(c.ours.Mean)
	}
	return seconds(c.ours.Mean) + pm + seconds(c.ours.SD)
}

// publishedText formats the published value of a cell.
func (c cell) publishedText(pm string) string {
	if !c.printed {
		return missing
	}
	return seconds(c.published.Mean) + pm + seconds(c.published.SD)
}
