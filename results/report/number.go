package report

import "strconv"

// missing stands for a value that does not exist.
const missing = "-"

// fixed writes a number with so many decimals.
func fixed(x float64, decimals int) string { return strconv.FormatFloat(x, 'f', decimals, 64) }

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
