package jobqueue

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"

	"fairlb/agents/checkpoint"
	"fairlb/cmd/fairlb/internal/fixedweights"
	"fairlb/cmd/fairlb/internal/invalid"
	"fairlb/cmd/fairlb/internal/job"
	"fairlb/cmd/fairlb/internal/progress"
	"fairlb/env/file"
	"fairlb/env/scenario"
	"fairlb/train"
	"fairlb/train/queue"
)

// TestPayloadsFault: only what the payload is at fault for is never tried again;
// what is missing, full or in the way on the worker's machine is.
func TestPayloadsFault(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		err  error
		want bool
	}{
		{invalid.Errorf("a job of kind %q", "dance"), true},
		{fmt.Errorf("policy.safetensors: %w", checkpoint.ErrCorrupt), true},
		{fmt.Errorf("wrapped: %w", checkpoint.ErrMismatch), true},
		{errors.New("the server went away"), false},
		{fmt.Errorf("%s: there is no such checkpoint: %w", "policy.safetensors", fs.ErrNotExist), false},
		{&fs.PathError{Op: "mkdir", Path: "/tmp/x", Err: syscall.ENOENT}, false},
		{&fs.PathError{Op: "mkdir", Path: "/tmp/x", Err: syscall.ENOTDIR}, false},
		{&fs.PathError{Op: "write", Path: "/tmp/x", Err: syscall.ENOSPC}, false},
		{&fs.PathError{Op: "open", Path: "/tmp/x", Err: fmt.Errorf("%w but a fifo", file.ErrNotRegular)}, false},
		{&os.LinkError{Op: "rename", Old: "/tmp/x", New: "/tmp/y", Err: syscall.ENOTDIR}, false},
		{os.NewSyscallError("statfs", syscall.EISDIR), false},
		{invalid.Errorf("--out: %w", &fs.PathError{Op: "mkdir", Path: "/tmp/x", Err: syscall.ENOTDIR}), false},
	} {
		require.Equal(t, test.want, payloadsFault(test.err), "%v", test.err)
	}
}

// TestNoTemporaryFolder: without a folder for temporary files a job fails, but is
// tried again; with one it is at fault for its payload, and is not.
func TestNoTemporaryFolder(t *testing.T) {
	permanent := func(err error) bool {
		return fmt.Sprintf("%T", err) == fmt.Sprintf("%T", queue.Permanent(errors.New("marked")))
	}
	h := handler{log: progress.Silent()}
	folder := filepath.Join(t.TempDir(), "gone")
	t.Setenv("TMPDIR", folder)
	text, err := json.Marshal(trainPayload{})
	require.NoError(t, err)
	j := queue.Job{Key: "k", Kind: job.TrainKind, Title: "T", Payload: text}
	_, missing := h.handle(t.Context(), j, nil)
	require.ErrorIs(t, missing, fs.ErrNotExist)
	require.False(t, permanent(missing))
	require.NoError(t, os.Mkdir(folder, 0o700))
	_, bad := h.handle(t.Context(), j, nil)
	require.Error(t, bad)
	require.True(t, permanent(bad))
}

// FuzzPayload: whatever a job's payload is, a job of another key is refused.
func FuzzPayload(f *testing.F) {
	s, err := scenario.Load("sim-moderate/pure-cpu", nil)
	require.NoError(f, err)
	add := func(choice uint8, payload any, err error) {
		require.NoError(f, err)
		text, err := json.Marshal(payload)
		require.NoError(f, err)
		f.Add(choice, text)
	}
	evaluation, err := newEvalPayload(&job.Evaluation{EvaluationTarget: job.Heuristic(s, "sed"), Scenario: s, Seeds: []uint64{1}})
	add(0, evaluation, err)
	evaluation.Name, evaluation.Weights = "tuned", []float64{1}
	add(0, evaluation, nil)
	training, err := newTrainPayload(&job.Training{Hyperparameters: train.DefaultHyperparameters(), Scenario: s}, "run")
	add(1, training, err)
	search, err := newSearchPayload(&job.Search{Scenario: s, Settings: fixedweights.DefaultSettings()})
	add(2, search, err)
	kinds := []string{job.EvalKind, job.TrainKind, job.SearchKind}
	f.Fuzz(func(t *testing.T, choice uint8, payload []byte) {
		j := queue.Job{Key: "k", Kind: kinds[int(choice)%len(kinds)], Title: "K", Payload: payload}
		_, err := handler{log: progress.Silent()}.handle(t.Context(), j, func(int, int) {})
		require.Error(t, err)
	})
}
