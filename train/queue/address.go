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
// with commas.
func CheckURL(urls string) error {
	for text := range strings.SplitSeq(urls, ",") {
		text = strings.TrimSpace(text)
		u, err := url.Parse(text)
		if err == nil && slices.Contains([]string{"nats", "tls", "ws", "wss"}, u.Scheme) && u.Hostname() != "" && isPort(u.Port()) {
			continue
		}
		shown := text[strings.LastIndex(text, "@")+1:] // without a token
		return fmt.Errorf("%w: %q: must be a URL such as nats://127.0.0.1:4222 (or tls, ws, wss)", ErrConfig, shown)
	}
	return nil
}

// isPort tells a port of a URL, which may have none.
func isPort(text string) bool {
	n, err := strconv.Atoi(text)
	return text == "" || err == nil && n > 0 && n <= 65535
}

// redacted is a list of URLs without what is secret in them.
func redacted(urls string) string {
	list := strings.Split(urls, ",")
	for k, text := range list {
		if u, err := url.Parse(strings.TrimSpace(text)); err == nil && u.User != nil {
			u.User = nil
			list[k] = u.String()
		}
	}
	return strings.Join(list, ",")
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
