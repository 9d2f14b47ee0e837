package plane

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"fairlb/env/dispatch"
	"fairlb/env/settings"
)

// minimal is the shortest file that says where clients connect and to what servers.
const minimal = `listen: [{address: "127.0.0.1:8080"}]
servers:
  - address: 127.0.0.1:9001
  - address: 127.0.0.1:9002
  - address: 127.0.0.1:9003
`

// TestBadFiles: each file in testdata/bad breaks a rule, or a few at once, and
// begins with the faults that it is told of, line by line, behind "# want: "
// and without its name.
func TestBadFiles(t *testing.T) {
	t.Parallel()
	files, err := filepath.Glob(filepath.Join("testdata", "bad", "*.yaml"))
	require.NoError(t, err)
	require.Greater(t, len(files), 60)
	for _, file := range files {
		data, err := os.ReadFile(file)
		require.NoError(t, err)
		var want []string
		for line := range strings.Lines(string(data)) {
			if fault, ok := strings.CutPrefix(line, "# want: "); ok {
				want = append(want, file+strings.TrimSuffix(fault, "\n"))
			}
		}
		require.NotEmpty(t, want, file)
		_, err = ReadFile(file)
		require.Error(t, err, file)
		require.True(t, settings.IsFault(err), file)
		require.Equal(t, want, strings.Split(err.Error(), "\n"))
	}
}

// TestMinimal: five lines are enough, and what they leave out is filled in.
func TestMinimal(t *testing.T) {
	t.Parallel()
	require.Equal(t, 5, strings.Count(minimal, "\n"))
	c, err := Load("five.yaml", []byte(minimal))
	require.NoError(t, err)
	require.Equal(t, Listen{Address: "127.0.0.1:8080", Backlog: defaultBacklog}, c.Listen[0])
	require.Len(t, c.Servers, 3)
	require.Equal(t, Server{Name: "127.0.0.1:9003", Address: "127.0.0.1:9003", Capacity: 1, ProxyProtocol: "none"}, c.Servers[2])
	require.Equal(t, "self-tuning", c.Rule.Name)
	require.False(t, c.Public)
	_, err = ReadFile(filepath.Join(t.TempDir(), "none.yaml"))
	require.ErrorIs(t, err, os.ErrNotExist)
}

// TestComplete: what is filled in is not written into the settings that it is filled
// into.
func TestComplete(t *testing.T) {
	t.Parallel()
	c := Config{Listen: []Listen{{}}, Servers: []Server{{Address: "a"}, {Name: "b", Capacity: 2, ProxyProtocol: "v1"}}}
	full := c.Complete()
	require.Equal(t, []Server{{Name: "a", Address: "a", Capacity: 1, ProxyProtocol: "none"}, {Name: "b", Capacity: 2, ProxyProtocol: "v1"}}, full.Servers)
	require.Equal(t, Server{Address: "a"}, c.Servers[0])
	require.Equal(t, Listen{}, c.Listen[0])
}

// TestEveryHeuristicIsJudged: a heuristic of package dispatch is one that a live
// balancer can decide by, or the file that names it is told why not; and the
// comment of Rule.Name lists those that it can.
func TestEveryHeuristicIsJudged(t *testing.T) {
	t.Parallel()
	can := Heuristics()
	for _, name := range dispatch.Names() {
		text := minimal + "rule: {name: " + name + "}\n"
		if dispatch.NeedsTold(name) {
			text += "reports: {listen: '127.0.0.1:0'}\n"
		}
		c, err := Load("f.yaml", []byte(text))
		if why := unavailable(name); why != "" {
			require.ErrorContains(t, err, why)
			require.NotContains(t, can, name)
			continue
		}
		require.NoError(t, err, name)
		require.Equal(t, name, c.Rule.Name)
		require.Contains(t, can, name)
	}
	source, err := os.ReadFile("config.go")
	require.NoError(t, err)
	require.Contains(t, string(source), "a heuristic ("+strings.Join(can, ", ")+"), or weights")
	_, err = Load("f.yaml", []byte(minimal+"rule: {name: 'self-tuning:exponent=0.8,window=100'}\n"))
	require.NoError(t, err)
}

// TestPublic: addresses that other machines reach want a word of the file.
func TestPublic(t *testing.T) {
	t.Parallel()
	text := strings.Replace(minimal, "127.0.0.1:8080", "0.0.0.0:8080", 1) + "admin: {metrics: '[::]:9090'}\n"
	_, err := Load("f.yaml", []byte(text))
	require.ErrorContains(t, err, "listen[0].address")
	require.ErrorContains(t, err, "admin.metrics")
	_, err = Load("f.yaml", []byte(text+"public: true\n"))
	require.NoError(t, err)
}

// TestParseAddress: addresses are those of IP, with a port; names are not looked up.
func TestParseAddress(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"127.0.0.1:80": "127.0.0.1:80", "localhost:0": "127.0.0.1:0", "[::1]:65535": "[::1]:65535", "[::ffff:10.0.0.1]:80": "10.0.0.1:80",
		"": "", ":80": "", "web:80": "", "127.0.0.1": "", "127.0.0.1:65536": "", "127.0.0.1:-1": "", "[fe80::1%eth0]:80": "", "127.0.0.1:http": "", "::1:80": "",
		"localhost": "", "localhost:": "", "127.0.0.1:80 ": "", "1.2.3.4.5:80": "", "010.0.0.1:80": "",
	} {
		got, err := ParseAddress(text)
		if want == "" {
			require.ErrorIs(t, err, ErrAddress, "%q", text)
			continue
		}
		require.NoError(t, err, "%q", text)
		require.Equal(t, want, got.String())
	}
}
