package sim

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"runtime"
	"testing"

	"github.com/stretchr/testify/require"
)

// TestGoldenTrace: the same seed gives the same outcomes, bit for bit, as it
// did when these digests were written down.
func TestGoldenTrace(t *testing.T) {
	t.Parallel()
	if runtime.GOARCH != "amd64" {
		t.Skip("recorded on amd64; other processors fuse multiplications with additions")
	}
	for _, test := range []struct {
		name string
		cfg  Config
		want string
	}{
		{"web-moderate/sed", web(t, "sed"), "38a74a9fc2f19e35"},
		{"web-moderate/oracle", web(t, "oracle"), "a70ff1f814d06aaa"},
		{"sim-moderate/agents", moderate(t), "765398393ce94aa9"},
	} {
		test.cfg.Duration = 20
		rec, _ := episode(t, test.cfg, 5)
		h := sha256.New()
		for _, o := range rec {
			fmt.Fprintln(h, o)
		}
		require.Equal(t, test.want, hex.EncodeToString(h.Sum(nil)[:8]), test.name)
	}
}
