package checkpoint

import (
	"encoding/binary"
	"encoding/json"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"fairlb/agents"
	"fairlb/env"
)

func example() (Meta, []agents.Parameter) {
	spec := env.Spec{
		Agents: 2, Servers: 3, StepInterval: 0.5,
		Features: []env.Feature{{Name: "ongoing", Unit: "requests"}, {Name: "elapsed", Unit: "s"}},
		Action:   env.ActionSpec{Low: 0.25, High: 4},
	}
	meta := Meta{
		Method: "distr-lb", Settings: "episodes: 8\n", Scenario: "sim-moderate/pure-cpu",
		Fingerprint: FingerprintOf(spec), TrainSeed: 7, Episode: 8,
	}
	return meta, []agents.Parameter{
		{Name: "b", Shape: []int{2, 3}, Data: []float32{1, -2, 3.5, 0, 1e-30, 6}},
		{Name: "a", Shape: []int{1}, Data: []float32{9}},
	}
}

func save(t testing.TB, path string) []byte {
	t.Helper()
	meta, params := example()
	require.NoError(t, Save(path, meta, params))
	data, err := os.ReadFile(path)
	require.NoError(t, err)
	return data
}

func TestRoundTrip(t *testing.T) {
	path := filepath.Join(t.TempDir(), "x.safetensors")
	data := save(t, path)
	meta, params, err := Load(path)
	require.NoError(t, err)
	wantMeta, wantParams := example()
	require.Len(t, meta.ContentSHA256, 64)
	wantMeta.Format, wantMeta.ContentSHA256 = Format, meta.ContentSHA256
	require.Equal(t, wantMeta, meta)
	require.Equal(t, wantParams, params)
	require.Equal(t, data, save(t, path), "the same content gives the same bytes")
}

// TestLayout reads the file by the format's own words, as other readers do:
// header length, JSON header, and little-endian data behind it.
func TestLayout(t *testing.T) {
	data := save(t, filepath.Join(t.TempDir(), "x.safetensors"))
	n := binary.LittleEndian.Uint64(data)
	require.Zero(t, n%8, "the data must be aligned")
	var header map[string]struct {
		DType   string    `json:"dtype"`
		Shape   []int     `json:"shape"`
		Offsets [2]uint64 `json:"data_offsets"`
	}
	var raw map[string]json.RawMessage
	require.NoError(t, json.Unmarshal(data[8:8+n], &raw))
	delete(raw, "__metadata__")
	rest, err := json.Marshal(raw)
	require.NoError(t, err)
	require.NoError(t, json.Unmarshal(rest, &header))
	require.Equal(t, "F32", header["b"].DType)
	require.Equal(t, []int{2, 3}, header["b"].Shape)
	offset := 8 + n + header["b"].Offsets[0]
	require.Equal(t, uint32(0x3f800000), binary.LittleEndian.Uint32(data[offset:]), "1.0 first")
}

func TestDamageIsDetected(t *testing.T) {
	path := filepath.Join(t.TempDir(), "x.safetensors")
	data := save(t, path)
	check := func(damaged []byte, format string, args ...any) {
		require.NoError(t, os.WriteFile(path, damaged, 0o666))
		_, _, err := Load(path)
		require.ErrorIs(t, err, ErrCorrupt, format, args)
		require.ErrorContains(t, err, path)
		require.NotContains(t, err.Error(), "\n")
	}
	for n := range data {
		check(data[:n], "cut to %d bytes", n)
		_, _, err := decode(data[:n])
		require.ErrorContains(t, err, "truncated: ", "cut to %d bytes", n)
	}
	for i := range data {
		for bit := range 8 {
			damaged := append([]byte(nil), data...)
			damaged[i] ^= 1 << bit
			if _, _, err := decode(damaged); err == nil {
				t.Fatalf("bit %d of byte %d flipped unnoticed", bit, i)
			}
		}
	}
	check(append(append([]byte(nil), data...), 0), "a byte more")
}

func TestMissing(t *testing.T) {
	_, _, err := Load(filepath.Join(t.TempDir(), "none"))
	require.ErrorIs(t, err, os.ErrNotExist)
	require.ErrorContains(t, err, "no such checkpoint")
}

func TestSaveRefuses(t *testing.T) {
	path := filepath.Join(t.TempDir(), "x.safetensors")
	old := save(t, path)
	meta, _ := example()
	nan := float32(0)
	nan /= nan
	for name, params := range map[string][]agents.Parameter{
		"is there twice": {{Name: "a", Shape: []int{1}, Data: []float32{1}}, {Name: "a", Shape: []int{1}, Data: []float32{1}}},
		"must be finite": {{Name: "a", Shape: []int{1}, Data: []float32{nan}}},
		"must match":     {{Name: "a", Shape: []int{2}, Data: []float32{1}}},
		"under a name":   {{Shape: []int{1}, Data: []float32{1}}},
	} {
		require.ErrorContains(t, Save(path, meta, params), name)
	}
	now, err := os.ReadFile(path)
	require.NoError(t, err)
	require.Equal(t, old, now, "a save that fails leaves what was there")
	files, err := os.ReadDir(filepath.Dir(path))
	require.NoError(t, err)
	require.Len(t, files, 1, "and nothing beside it")
}

func TestFingerprintMismatch(t *testing.T) {
	meta, _ := example()
	own := meta.Fingerprint
	require.NoError(t, own.Check(own))
	for want, change := range map[string]func(f *Fingerprint){
		"trained for 2 LBs and 3 servers; the scenario has 2 LBs and 7 servers":  func(f *Fingerprint) { f.Servers = 7 },
		"trained for steps of 0.5 s; the scenario has steps of 0.25 s":           func(f *Fingerprint) { f.StepInterval = 0.25 },
		"trained for weights in [0.25, 4]; the scenario has weights in [0.5, 4]": func(f *Fingerprint) { f.Low = 0.5 },
		"trained for 2 features, among them elapsed [s]; the scenario has 2 features, among them age [s] (this fairlb observes other things, so that the policy must be trained again)": func(f *Fingerprint) { f.Features = []string{"ongoing [requests]", "age [s]"} },
		"trained for the features ongoing [requests], elapsed [s]; the scenario has the features elapsed [s], ongoing":                                                                  func(f *Fingerprint) { f.Features = []string{"elapsed [s]", "ongoing [requests]"} },
	} {
		other := own
		change(&other)
		err := own.Check(other)
		require.ErrorIs(t, err, ErrMismatch)
		require.ErrorContains(t, err, want)
	}
}

func FuzzLoad(f *testing.F) {
	f.Add(save(f, filepath.Join(f.TempDir(), "x.safetensors")))
	for _, data := range foreign(f) {
		f.Add(data)
	}
	f.Add([]byte("\x10\x00\x00\x00\x00\x00\x00\x00{\"a\":{}}        "))
	f.Fuzz(func(t *testing.T, data []byte) {
		meta, params, err := decode(data)
		if err != nil {
			return
		}
		again, err := encode(meta, params)
		require.NoError(t, err)
		_, back, err := decode(again)
		require.NoError(t, err)
		require.Equal(t, params, back)
	})
}
