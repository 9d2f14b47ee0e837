package report_test

import (
	"bytes"
	"os"
	"path/filepath"
	"regexp"
	"testing"

	"github.com/stretchr/testify/require"

	"fairlb/eval/study"
	"fairlb/results/report"
)

// recorded reads a study of results/studies; rename changes the names of targets.
func recorded(t *testing.T, name string, rename map[string]string) *study.Recorded {
	t.Helper()
	f, err := os.Open(filepath.Join("..", "studies", name))
	require.NoError(t, err)
	defer f.Close()
	r, err := study.ReadCSV(name, f)
	require.NoError(t, err)
	for k := range r.Scenarios {
		for j := range r.Scenarios[k].Targets {
			if to, ok := rename[r.Scenarios[k].Targets[j].Name]; ok {
				r.Scenarios[k].Targets[j].Name = to
			}
		}
	}
	return r
}

// TestCommittedStudyTables: the tables of results/studies are those of the recorded
// studies, byte for byte.
func TestCommittedStudyTables(t *testing.T) {
	t.Parallel()
	document, err := os.ReadFile(filepath.Join("..", "studies", "README.md"))
	require.NoError(t, err)
	check := func(r *study.Recorded, targets ...string) {
		var b bytes.Buffer
		require.NoError(t, report.WriteRecordedMarkdown(&b, r, targets))
		require.Contains(t, string(document), b.String())
	}
	const qmix = "qmix-lb (99 % own rewards)" // what these runs were, which had the name alone
	all := recorded(t, "moderate.csv", map[string]string{"delay": "delay-own", "es": "es-own", "qmix-lb": qmix})
	together := recorded(t, "together.csv", nil)
	for k := range together.Scenarios {
		for _, target := range together.Scenarios[k].Targets {
			if target.Trained() {
				all.Scenarios[k].Targets = append(all.Scenarios[k].Targets, target)
			} else {
				require.Equal(t, all.Scenarios[k].Target(target.Name).Means, target.Means,
					"%s in %s: studies that are joined were made on the same episodes", target.Name, all.Scenarios[k].Name)
			}
		}
	}
	check(all, "wcmp", "lsq", "sed-ordered", "tuned", "oracle",
		"distr-lb", "centr-lb", qmix, "delay", "es", "delay-own", "es-own", "ippo", "mappo")
	check(recorded(t, "sharing.csv", map[string]string{"qmix-lb": qmix}), "wcmp", "lsq", "sed-ordered", "tuned", "oracle",
		"distr-lb", "centr-lb", qmix, "delay", "es", "ippo", "mappo")
	check(recorded(t, "web.csv", nil), "wcmp", "lsq", "sed-ordered", "self-tuning", "sed-true", "oracle",
		"distr-lb", "centr-lb", "qmix-lb", "iql-lb", "delay", "es", "ippo", "mappo")
}

// TestCommittedStudyReports: the overviews of the committed reports are those of the
// studies recorded beside them. Intervals over episodes, which that of the web mix has,
// cannot be made of what is recorded.
func TestCommittedStudyReports(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"moderate", "sharing", "together", "web"} {
		r := recorded(t, name+".csv", nil)
		var targets []string
		for _, target := range r.Scenarios[0].Targets {
			if target.Name != study.Baseline {
				targets = append(targets, target.Name)
			}
		}
		var b bytes.Buffer
		require.NoError(t, report.WriteRecordedMarkdown(&b, r, targets))
		document, err := os.ReadFile(filepath.Join("..", "studies", name+".md"))
		require.NoError(t, err)
		overview, text := b.String(), string(document)
		if name == "web" {
			intervals := regexp.MustCompile(` \[[0-9., ]+\]`)
			overview, text = intervals.ReplaceAllString(overview, ""), intervals.ReplaceAllString(text, "")
		}
		require.Contains(t, text, overview, name)
	}
}
