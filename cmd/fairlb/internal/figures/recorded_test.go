package figures

import (
	"bytes"
	"os"
	"testing"

	"github.com/stretchr/testify/require"

	"fairlb/eval/figure/figuretest"
	"fairlb/results/report"
)

// FuzzDrawRecorded: whatever a recorded CSV holds, it is drawn or refused.
func FuzzDrawRecorded(f *testing.F) {
	for _, path := range []string{"figures/figure-2a.csv", "figures/figure-9.csv", "figures/figure-10a.csv", "fit/web-mix.csv"} {
		data, err := os.ReadFile("../../../../results/" + path)
		require.NoError(f, err)
		f.Add(data)
		lines := bytes.SplitAfterN(data, []byte("\n"), 4)
		f.Add(bytes.Join(lines[:2], nil))
	}
	var distributions bytes.Buffer
	require.NoError(f, report.WriteCompletionDistributionsCSV(&distributions, figuretest.CompletionDistributions("Figure 8", 1)))
	f.Add(distributions.Bytes())
	evaluation, err := os.ReadFile("../../../../eval/testdata/classes.json")
	require.NoError(f, err)
	f.Add(evaluation)
	f.Add(bytes.Replace(evaluation, []byte(`"mean": `), []byte(`"mean": 1e308`), 1))
	var change bytes.Buffer
	require.NoError(f, report.WriteCapacityChangeServersCSV(&change, figuretest.CapacityChange()))
	f.Add(change.Bytes())
	var learning bytes.Buffer
	require.NoError(f, report.WriteLearningCSV(&learning, figuretest.Learning()))
	f.Add(learning.Bytes())
	var latency bytes.Buffer
	require.NoError(f, report.WriteCollectionLatencyCSV(&latency, figuretest.CollectionLatency()))
	f.Add(latency.Bytes())
	var link bytes.Buffer
	require.NoError(f, report.WriteCommunicationLatencyCSV(&link, figuretest.CommunicationLatency()))
	f.Add(link.Bytes())
	f.Fuzz(func(t *testing.T, data []byte) {
		var picture bytes.Buffer
		if err := DrawRecorded(&picture, "figure.csv", bytes.NewReader(data), "svg"); err == nil {
			require.Contains(t, picture.String(), "</svg>")
		}
	})
}
