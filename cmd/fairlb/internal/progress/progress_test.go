package progress

import (
	"bytes"
	"io"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/sirupsen/logrus"
	"github.com/sirupsen/logrus/hooks/test"
	"github.com/stretchr/testify/require"
)

// TestPace: the time left learns from the jobs of each kind.
func TestPace(t *testing.T) {
	t.Parallel()
	p := NewPace(map[string]int{"quick": 3, "slow": 4}, 2)
	require.Less(t, p.Left(), time.Duration(0), "nothing is known")
	p.Done("quick", 2*time.Second)
	require.Equal(t, (2*2+4*2)*time.Second/2, p.Left(), "of slow ones nothing is known but what the others took")
	p.Done("slow", 60*time.Second)
	require.Equal(t, (2*2+3*60)*time.Second/2, p.Left())
	p.Done("slow", 80*time.Second)
	require.Equal(t, (2*2+2*70)*time.Second/2, p.Left())
	p.Done("slow", 70*time.Second)
	p.Done("quick", 2*time.Second)
	require.Equal(t, 70*time.Second, p.Left(), "as long as the longest job that is left")
	p.Done("quick", 2*time.Second)
	p.Done("slow", 70*time.Second)
	require.Zero(t, p.Left())
}

func TestRoughly(t *testing.T) {
	t.Parallel()
	for want, seconds := range map[string]float64{"1 s": 0.2, "89 s": 88.5, "2 min": 100, "89 min": 5350, "1.5 h": 5400, "2.0 days": 172800} {
		require.Equal(t, want, Roughly(seconds))
	}
}

// TestLines: off a terminal there is a line now and then, with the time left by
// the pace since the first part that was told.
func TestLines(t *testing.T) {
	t.Parallel()
	log, hook := test.NewNullLogger()
	now := time.Unix(0, 0)
	bar := Lines{Log: log, Now: func() time.Time { return now }}.Bar("training", 100)
	bar.Set(50, "") // of a run that goes on
	for k := 51; k <= 60; k++ {
		now = now.Add(15 * time.Second)
		bar.Set(k, "")
	}
	SetLeft(bar, 60, 0)
	now = now.Add(time.Hour)
	SetLeft(bar, 61, 2*time.Hour)
	bar.Close()
	var got []string
	for _, e := range hook.AllEntries() {
		require.Equal(t, logrus.InfoLevel, e.Level)
		got = append(got, e.Message)
	}
	require.Equal(t, []string{
		"training: 54 of 100, about 12 min left", // 15 s each, 46 left
		"training: 58 of 100, about 10 min left",
		"training: 61 of 100, about 2.0 h left",
	}, got)
	quick := Lines{Log: log}.Bar("quick", -1)
	quick.Set(7, "")
	require.Len(t, hook.AllEntries(), 3, "what is done before the first line has none")

	now = time.Unix(0, 0)
	bar = Lines{Log: log, Now: func() time.Time { return now }}.Bar("fit", -1)
	now = now.Add(time.Hour)
	bar.Set(7, "fit, objective 0.5")
	require.Equal(t, "fit, objective 0.5: 7 done", hook.LastEntry().Message)
}

// TestTerminalFits: no line of a bar is wider than the terminal.
func TestTerminalFits(t *testing.T) {
	t.Parallel()
	for _, columns := range []int{0, 60, 80, 200} {
		var out bytes.Buffer
		bar := Terminal{Screen: NewScreen(&out), Columns: columns}.Bar("training", 123456)
		for k := 1; k < 123456; k += 12345 {
			bar.Set(k, "training: completion 1.432 s, return -123.4 and more that nobody needs to know at all")
		}
		SetLeft(bar, 123455, time.Hour)
		room := columns
		if room == 0 {
			room = 80
		}
		for line := range strings.SplitSeq(out.String(), "\r") {
			require.LessOrEqual(t, utf8.RuneCountInString(strings.TrimSpace(line)), room, "%q", line)
		}
		bar.Close()
	}
	Terminal{Screen: NewScreen(io.Discard)}.Bar("unknown", -1).Set(3, "")
}
