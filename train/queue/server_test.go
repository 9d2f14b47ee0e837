package queue

import (
	"context"
	"fmt"
	"net"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/sirupsen/logrus"
	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"
)

// freePorts are ports at which nobody listens for the moment.
func freePorts(t *testing.T, n int) []int {
	t.Helper()
	var ports []int
	for range n {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		require.NoError(t, err)
		defer l.Close()
		ports = append(ports, l.Addr().(*net.TCPAddr).Port)
	}
	return ports
}

// TestCluster: three servers keep everything three times; when the one that
// leads the stream of jobs is lost, what is queued is still done.
func TestCluster(t *testing.T) {
	t.Parallel()
	ctx := limited(t)
	ports := freePorts(t, 3)
	var routes []string
	for _, port := range ports {
		routes = append(routes, fmt.Sprintf("nats://127.0.0.1:%d", port))
	}
	var servers []*Server
	var urls []string
	for k, port := range ports {
		s := serve(t, ServerConfig{
			Dir: t.TempDir(), Name: fmt.Sprintf("s%d", k), Cluster: "test", ClusterPort: port, Routes: routes,
		})
		servers, urls = append(servers, s), append(urls, s.URL())
	}
	q := open(t, strings.Join(urls, ","), 3)
	const jobs = 6
	for k := range jobs {
		_, err := q.Submit(ctx, job(fmt.Sprintf("j%d", k)))
		require.NoError(t, err)
	}
	stream, err := q.js.Stream(ctx, streamName)
	require.NoError(t, err)
	info, err := stream.Info(ctx)
	require.NoError(t, err)
	require.Equal(t, 3, info.Config.Replicas)
	leader := -1
	for k := range servers {
		if info.Cluster.Leader == fmt.Sprintf("s%d", k) {
			leader = k
		}
	}
	require.NotEqual(t, -1, leader)
	// One job is running when the leader goes.
	running, gone := make(chan struct{}, jobs), make(chan struct{})
	hire(t, open(t, strings.Join(urls, ","), 3), "w", 1, func(_ context.Context, j Job, _ func(int, int)) ([]byte, error) {
		running <- struct{}{}
		<-gone
		return j.Payload, nil
	})
	receive(t, ctx, running)
	require.NoError(t, servers[leader].Close())
	close(gone)
	watch := q.Watch(ctx, nil)
	for k := range jobs {
		data, err := watch.Do(ctx, job(fmt.Sprintf("j%d", k)), nil)
		require.NoError(t, err)
		require.Equal(t, fmt.Sprintf(`"j%d"`, k), string(data))
	}
}

// TestToken: a server wants a token that nobody guesses, of clients the same one,
// and a URL has none.
func TestToken(t *testing.T) {
	t.Parallel()
	for _, bad := range []string{"", "short", "a token with spaces in it", "a-token-with-\x00-in-it", strings.Repeat("x", maxToken+1)} {
		_, err := Serve(ServerConfig{Dir: t.TempDir(), Token: bad})
		require.ErrorIs(t, err, ErrConfig, bad)
		require.ErrorContains(t, err, "the token")
	}
	s := serve(t, ServerConfig{Dir: t.TempDir()})
	require.NotContains(t, s.URL(), token)
	open(t, s.URL(), 1)
	for _, wrong := range []string{"", "another-token-for-tests"} {
		_, err := Open(t.Context(), Config{URL: s.URL(), Token: wrong, Create: true})
		require.ErrorContains(t, err, s.URL())
		require.ErrorContains(t, err, "Authorization Violation")
	}
	_, err := Open(t.Context(), Config{URL: s.URL(), Token: "two words"})
	require.ErrorIs(t, err, ErrConfig)
}

func TestRefuses(t *testing.T) {
	t.Parallel()
	_, err := Serve(ServerConfig{Token: token})
	require.ErrorIs(t, err, ErrConfig)
	s := serve(t, ServerConfig{Dir: t.TempDir()})
	u, err := url.Parse(s.URL())
	require.NoError(t, err)
	port, err := strconv.Atoi(u.Port())
	require.NoError(t, err)
	_, err = Serve(ServerConfig{Dir: t.TempDir(), Port: port, Token: token})
	require.ErrorContains(t, err, "address already in use")
	_, err = Open(t.Context(), Config{Token: token, URL: s.URL(), Replicas: 9})
	require.ErrorIs(t, err, ErrConfig)
	q := open(t, s.URL(), 1)
	_, err = q.Submit(t.Context(), job("a.b"))
	require.ErrorIs(t, err, ErrConfig)
	require.ErrorIs(t, (&Worker{Queue: q, Log: logrus.New()}).Run(t.Context()), ErrConfig)
	ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
	defer cancel()
	empty := serve(t, ServerConfig{Dir: t.TempDir()})
	_, err = Open(ctx, Config{Token: token, URL: empty.URL()})
	require.ErrorIs(t, err, context.DeadlineExceeded, "waits for somebody to make the queue")
}

// TestServeWithoutWaitingForFiles: what would be waited for, or read without end, in
// the server's folder is refused by its name.
func TestServeWithoutWaitingForFiles(t *testing.T) {
	t.Parallel()
	for name, put := range map[string]func(path string) error{
		"fifo":    func(path string) error { return unix.Mkfifo(path, 0o666) },
		"endless": func(path string) error { return os.Symlink("/dev/zero", path) },
	} {
		dir := t.TempDir()
		path := filepath.Join(dir, "jetstream", "$G", "streams", name)
		require.NoError(t, os.MkdirAll(filepath.Dir(path), 0o777))
		require.NoError(t, put(path))
		cfg := ServerConfig{Dir: dir, Token: strings.Repeat("t", minToken), Log: logrus.New()}
		_, err := Serve(cfg)
		require.ErrorIs(t, err, ErrConfig)
		require.ErrorContains(t, err, path+": is neither a regular file nor a folder")
		require.NoError(t, os.Remove(path))
		s, err := Serve(cfg)
		require.NoError(t, err, "the folder was released")
		require.NoError(t, s.Close())
	}
}
