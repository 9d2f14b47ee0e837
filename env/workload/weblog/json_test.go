package weblog

import (
	"testing"

	"github.com/stretchr/testify/require"
)

// TestRepeatedFields: a field that is read must be in a line once, whatever is in
// the others; nobody knows which of two values is meant.
func TestRepeatedFields(t *testing.T) {
	t.Parallel()
	const line = `{"StartUTC":"2024-03-11T08:00:01.1Z","Duration":5,"RequestPath":"/a",`
	for rest, want := range map[string]string{
		`"x":"{\":\\","y":{"Duration":1,"z":[{"b":2}]}}`: "",
		`"x":1,"x":2}`:               "",
		`"Duration":6}`:              "Duration",
		`"Dur\u0061tion":5}`:         "Duration",
		`"y":[1],"RequestPath": ""}`: "RequestPath",
	} {
		_, _, _, err := imported(t, line+rest+"\n", Options{Format: "traefik-json"})
		if want == "" {
			require.NoError(t, err, rest)
		} else {
			require.ErrorContains(t, err, "the field "+want+" must be there once", rest)
		}
	}
	const inner = `{"ts":1646861401.5,"request":{"uri":"/a","uri":"/b"},"duration":9.29e-05}`
	_, _, _, err := imported(t, inner+"\n", Options{Format: "caddy"})
	require.ErrorContains(t, err, "the field uri must be there once")
}
