package haproxy

import (
	"context"
	"fmt"
	"io"
	"net"
	"strings"
	"time"
)

// client speaks HAProxy's runtime API: a connection for each batch of commands, which
// HAProxy closes when it has answered all of them. So a client finds the process that
// runs after a reload, and has nothing to keep alive.
type client struct {
	network, address string
	timeout          time.Duration // of a batch
	limit            int64         // bytes of its replies
}

// newClient returns a client of the stats socket at a path or host:port.
func newClient(address string, timeout time.Duration, servers int) *client {
	network := "tcp"
	if isPath(address) {
		network = "unix"
	}
	const row = 2 << 10 // bytes of a server in all tables, and far more than it has
	return &client{network: network, address: address, timeout: timeout, limit: 64<<10 + int64(servers)*row}
}

// do sends commands as one line and returns the replies as they came, one behind the
// other. Each of them ends with an empty line; the text of a reply that was cut off does
// not, and is an error.
func (c *client) do(ctx context.Context, commands ...string) (string, error) {
	text, err := c.exchange(ctx, strings.Join(commands, ";")+"\n")
	switch {
	case err != nil:
		return "", fmt.Errorf("%w at %s: %w", ErrRuntime, c.address, err)
	case int64(len(text)) > c.limit:
		return "", fmt.Errorf("%w from %s: more than %d bytes", ErrReply, c.address, c.limit)
	case text != "\n" && !strings.HasSuffix(text, "\n\n"):
		return "", fmt.Errorf("%w from %s: cut off after %d bytes", ErrReply, c.address, len(text))
	}
	return text, nil
}

// exchange sends a line and reads to the end of what comes back, or to one byte beyond
// the limit.
func (c *client) exchange(ctx context.Context, line string) (string, error) {
	ctx, cancel := context.WithTimeout(ctx, c.timeout)
	defer cancel()
	var dialer net.Dialer
	conn, err := dialer.DialContext(ctx, c.network, c.address)
	if err != nil {
		return "", err
	}
	defer conn.Close()
	stop := context.AfterFunc(ctx, func() { _ = conn.SetDeadline(time.Unix(1, 0)) }) // the exchange ends with an error that says so
	defer stop()
	if _, err := io.WriteString(conn, line); err != nil {
		return "", err
	}
	text, err := io.ReadAll(io.LimitReader(conn, c.limit+1))
	return string(text), err
}

// sections returns the replies that a text has, of commands that each answer something.
func sections(text string) []string {
	var list []string
	for part := range strings.SplitSeq(text, "\n\n") {
		if part = strings.Trim(part, "\n"); part != "" {
			list = append(list, part)
		}
	}
	return list
}

// refusal is the error of a reply that is words where a table should be.
func refusal(command, reply string) error {
	line, _, _ := strings.Cut(strings.TrimSpace(reply), "\n")
	if len(line) > 200 {
		line = line[:200]
	}
	hint := ""
	if strings.HasPrefix(line, "Permission denied") {
		hint = " (the stats socket needs level admin)"
	}
	return fmt.Errorf("%w %q: %q%s", ErrRefused, command, line, hint)
}
