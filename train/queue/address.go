package queue

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/nats-io/nats.go"
)

// CheckURL reports, as an ErrConfig, what is not the URL of a server, or several
// with commas. A token in it is refused: other users of the machine see a command
// line.
func CheckURL(urls string) error {
	for text := range strings.SplitSeq(urls, ",") {
		text = strings.TrimSpace(text)
		u, err := url.Parse(text)
		if err == nil && u.User != nil || strings.Contains(text, "@") {
			return fmt.Errorf("%w: %q: must be a URL without a token, which everybody on the machine would see: a token comes from a file or the environment",
				ErrConfig, text[strings.LastIndex(text, "@")+1:])
		}
		if err == nil && slices.Contains([]string{"nats", "tls", "ws", "wss"}, u.Scheme) && u.Hostname() != "" && isPort(u.Port()) {
			continue
		}
		return fmt.Errorf("%w: %q: must be a URL such as nats://127.0.0.1:4222 (or tls, ws, wss)", ErrConfig, text)
	}
	return nil
}

// isPort tells a port of a URL, which may have none.
func isPort(text string) bool {
	n, err := strconv.Atoi(text)
	return text == "" || err == nil && n > 0 && n <= 65535
}

// The bounds of a token's length. A server of our own wants one that nobody
// guesses.
const (
	minToken = 16
	maxToken = 1024
)

// CheckToken reports, as an ErrConfig, what is no token, or one of less than so
// many characters.
func CheckToken(token string, least int) error {
	if len(token) < least || len(token) > maxToken || strings.ContainsFunc(token, func(r rune) bool { return r <= ' ' || r > '~' }) {
		return fmt.Errorf("%w: the token has %d bytes: must be %d to %d printable ASCII characters without spaces", ErrConfig, len(token), least, maxToken)
	}
	return nil
}

// connect connects to a server, at once or, if somebody is told of the waiting,
// when one answers.
func connect(ctx context.Context, cfg Config, options ...nats.Option) (*nats.Conn, error) {
	for {
		conn, err := nats.Connect(cfg.URL, options...)
		if err == nil || cfg.Waiting == nil || !absent(err) {
			return conn, err
		}
		cfg.Waiting(err)
		if err := sleep(ctx, time.Second); err != nil {
			return nil, err
		}
	}
}

// absent says whether no server answered, so that one may later.
func absent(err error) bool {
	var network net.Error
	return errors.Is(err, nats.ErrNoServers) || errors.Is(err, nats.ErrTimeout) || errors.Is(err, nats.ErrConnectionClosed) ||
		errors.Is(err, io.EOF) || errors.As(err, &network)
}
