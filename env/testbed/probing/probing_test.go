package probing

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"math"
	"os"
	"runtime"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"fairlb/env/observe"
	"fairlb/env/testbed/shm"
)

// asResponder is the variable that has this test binary be a responder.
const asResponder = "FAIRLB_TEST_RESPONDER"

func TestMain(m *testing.M) {
	if os.Getenv(asResponder) != "" {
		if err := Respond(context.Background(), os.Stdin, os.Stdout); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	os.Setenv(asResponder, "1")
	goleak.VerifyTestMain(m)
}

// start starts a responder, which the test ends.
func start(t *testing.T, cfg Config) *Source {
	t.Helper()
	if runtime.GOOS != "linux" {
		t.Skip("shared memory needs Linux")
	}
	program, err := os.Executable()
	require.NoError(t, err)
	s, err := Start(t.Context(), program, nil, cfg)
	require.NoError(t, err)
	return s
}

// TestWaysAgree: every way gets the features of the newest publication, and those of layout
// v2 and of all probes are the same to the bit.
func TestWaysAgree(t *testing.T) {
	s := start(t, Config{Servers: 3, Completions: 5, Elapsed: 2})
	readers := map[Kind]reader{}
	for _, k := range Kinds() {
		r, err := newReader(t.Context(), k, &s.at, s.cfg)
		require.NoError(t, err, k)
		readers[k] = r
	}
	before := map[Kind]uint64{}
	clock, err := shm.NewClock()
	require.NoError(t, err)
	// Layout v1 tells samples apart by times since the machine started, as float32, whose
	// steps are of 2 ms after some hours.
	now := float32(clock.Now().Seconds())
	apart := math.Nextafter32(now, math.MaxFloat32)-now < 0.001
	for round := range 3 {
		time.Sleep(20 * time.Millisecond) // five completions, 4 ms apart
		number, err := s.do(tellPublish)
		require.NoError(t, err)
		var want []float32
		for _, k := range Kinds() {
			if k.Flooded() {
				continue
			}
			f := Frame{Values: make([]float32, 3*len(observe.Features()))}
			require.NoError(t, readers[k].read(&f), k)
			require.Equal(t, number, f.Sequence, k)
			if k == SharedV2 {
				want = f.Values
				require.NotZero(t, want[1], "mean completion time")
				require.NotZero(t, want[6], "mean time under way")
			}
			if k != SharedV1 {
				require.Equal(t, want, f.Values, k)
			} else if apart {
				require.InDeltaSlice(t, want, f.Values, 1e-2, k)
			}
			moved := readers[k].moved() - before[k]
			before[k] = readers[k].moved()
			switch {
			case k.Shared():
				require.Zero(t, moved, k)
			case k == TCP || k == UnixSocket || k == TCPConnection:
				require.EqualValues(t, probeSize+probeSize+s.cfg.answerSize(), moved, "%s, round %d", k, round)
			default:
				require.Greater(t, moved, uint64(s.cfg.answerSize()), k)
			}
		}
	}
	for _, r := range readers {
		require.NoError(t, r.close())
	}
	require.NoError(t, s.Close())
	_, err = os.Stat(s.at.Folder)
	require.ErrorIs(t, err, os.ErrNotExist)
}

// TestMeasure: each way is timed as often as planned after each pause, and a pause is no
// part of a reading's time.
func TestMeasure(t *testing.T) {
	s := start(t, Config{Servers: 2, Completions: 1})
	turns := 0
	plan := Plan{Kinds: Kinds(), Readings: 20, Warmup: 2, Pauses: []time.Duration{0, 3 * time.Millisecond}, Progress: func() { turns++ }}
	list, err := Measure(t.Context(), s, plan)
	require.NoError(t, err)
	require.NoError(t, s.Close())
	require.Equal(t, plan.Turns(), turns)
	each := 2*len(Kinds()) - 1 // new frames, and again but where there is always a new one
	require.Len(t, list, 2*each)
	for k, x := range list {
		require.Equal(t, plan.Pauses[k/each], x.Pause)
		require.Equal(t, k%each >= len(Kinds()), x.Again)
		if !x.Again {
			require.Equal(t, Kinds()[k%each], x.Kind)
		}
		require.Len(t, x.Times, 20)
		require.Equal(t, x.Kind.Shared(), x.Bytes == 0, x.Kind)
		if x.Kind == SharedV2 {
			least := x.Times[0]
			for _, took := range x.Times {
				require.Positive(t, took)
				least = min(least, took)
			}
			require.Less(t, least, plan.Pauses[1])
		}
	}
}

// TestMeasureEnds: what is cancelled ends, with its responder.
func TestMeasureEnds(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("shared memory needs Linux")
	}
	ctx, cancel := context.WithCancelCause(t.Context())
	program, err := os.Executable()
	require.NoError(t, err)
	s, err := Start(ctx, program, nil, Config{Servers: 2, Completions: 1})
	require.NoError(t, err)
	why := errors.New("enough")
	turns := 0
	_, err = Measure(ctx, s, Plan{Kinds: []Kind{SharedV2}, Readings: 1 << 20, Pauses: []time.Duration{time.Millisecond}, Progress: func() {
		if turns++; turns == 3 {
			cancel(why)
		}
	}})
	require.Error(t, err)
	require.NoError(t, s.Close())
	_, err = os.Stat(s.at.Folder)
	require.ErrorIs(t, err, os.ErrNotExist)
}

func TestRefuse(t *testing.T) {
	for _, cfg := range []Config{{}, {Servers: 64}, {Servers: 1, Completions: -1}, {Servers: 1, Elapsed: -1}} {
		_, err := Start(t.Context(), "no program", nil, cfg)
		require.ErrorIs(t, err, ErrConfig)
	}
	for _, in := range []string{"", "{}", "{\n", "{}\n", `{"servers":99}` + "\n"} {
		require.ErrorIs(t, Respond(t.Context(), bytes.NewBufferString(in), &bytes.Buffer{}), ErrConfig, in)
	}
	_, err := Start(t.Context(), "/nonexistent/program", nil, Config{Servers: 1})
	require.ErrorContains(t, err, "/nonexistent/program")
	_, err = Measure(t.Context(), &Source{}, Plan{})
	require.ErrorIs(t, err, ErrConfig)
}

// TestAnswersAreSized: what is no answer is refused, whatever it says of its size.
func TestAnswersAreSized(t *testing.T) {
	f := Frame{Values: make([]float32, 11)}
	answer := f.appendAnswer(nil)
	require.NoError(t, f.decodeAnswer(answer))
	require.ErrorIs(t, f.decodeAnswer(answer[1:]), errAnswer)
	_, err := readMessage(bytes.NewReader([]byte{0, 255, 255, 255, 255}), nil)
	require.ErrorIs(t, err, errAnswer)
	_, err = readMessage(bytes.NewReader([]byte{1, 0, 0, 0, 0}), nil)
	require.ErrorIs(t, err, errAnswer)
	framed := append(make([]byte, prefixSize), answer...)
	putPrefix(framed)
	message, err := readMessage(bytes.NewReader(framed), nil)
	require.NoError(t, err)
	require.Equal(t, answer, message)
}
