package weblog

import (
	"testing"

	"github.com/stretchr/testify/require"
)

// TestWithoutZone: of the times that logs have, those of a clock whose zone is not
// named.
func TestWithoutZone(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]bool{
		"10/Oct/2000:13:55:36 -0700":    false,
		"06/Feb/2009:12:14:14.655":      true,
		"2000-10-10T13:55:36Z":          false,
		"2000-10-10t13:55:36.123+02:00": false,
		"2000-10-10 13:55:36 UTC":       false,
		"2000-10-10 13:55:36":           true,
		"2000-10-10T13:55:36.123":       true,
		"Tue, 10 Oct 2000 13:55:36 GMT": false,
		"971186136":                     false,
		"971186136.123":                 false,
		"":                              false, // the time is in several columns, as W3C's, which are of UTC
	} {
		require.Equal(t, want, withoutZone([]byte(text)), "%q", text)
	}
}
