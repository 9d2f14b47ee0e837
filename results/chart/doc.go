// Package chart draws what was computed: learning curves, means with their
// intervals, the paper's figures, the fit of the web mix and what an event of the
// simulator costs. It stands at the end of the flow, beside package
// results/report, which writes the same data as text and files.
//
// A Draw function writes a picture as PNG, SVG or PDF, as its last argument says;
// a Plot function writes the file of a path, whose ending says it. Equal data give
// equal bytes. All pictures have one title, one legend and a grid of panels, which
// panels.go lays out; distribution.go draws a panel of completion times. The other
// files are named by what they draw.
package chart
