// Package chart draws what was computed: learning curves, means with their
// intervals, the paper's figures, the fit of the web mix, what an event of the
// simulator costs, and single episodes. It stands at the end of the flow, beside package
// results/report, which writes the same data as text and files.
//
// A Draw function writes a picture as PNG, SVG or PDF, as its last argument says.
// Equal data give equal bytes. A picture is a grid of panels below one title and one
// legend, which panels.go lays out; marks.go has lines, areas and colours, ticks.go
// the labels of axes, distribution.go the panel of completion times, heat.go maps of numbers
// over time. The other files
// are named by what they draw; a new picture is a new file.
package chart
