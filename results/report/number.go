package report

import "strconv"

// missing stands for a value that does not exist.
const missing = "-"

// fixed writes a number with so many decimals.
func fixed(x float64, decimals int) string { return strconv.FormatFloat(x, 'f', decimals, 64) }
