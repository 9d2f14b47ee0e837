package main

import (
	"io"

	"fairlb/results/chart"
)

// drawMeans writes a picture of means as PNG and SVG; none without any.
func drawMeans(path string, m *chart.Means) error {
	if len(m.Panels) == 0 {
		return nil
	}
	for _, format := range []string{"png", "svg"} {
		if err := writeFile(path+"."+format, func(w io.Writer) error { return chart.DrawMeans(w, m, format) }); err != nil {
			return err
		}
	}
	return nil
}
