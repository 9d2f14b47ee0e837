package haproxy

import (
	"os"
	"testing"

	"github.com/stretchr/testify/require"
)

// journalCopy keeps the journal as it is and returns what puts it back.
func (p *Plane) journalCopy(t *testing.T) func() {
	t.Helper()
	data, err := os.ReadFile(p.journal.path)
	require.NoError(t, err)
	return func() { require.NoError(t, os.WriteFile(p.journal.path, data, 0o600)) }
}
