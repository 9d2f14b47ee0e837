package admin

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"time"
)

// maxAnswer is the size of an answer (bytes), at most.
const maxAnswer = 1 << 24

// Client asks the interface of a balancer that runs, at its Unix socket. It may be used by
// several goroutines at once, and holds nothing open between two questions.
type Client struct{ http *http.Client }

// NewClient returns the client of a socket, which need not be there yet; timeout is for each
// answer.
func NewClient(socket string, timeout time.Duration) *Client {
	return &Client{&http.Client{Timeout: timeout, Transport: &http.Transport{
		DisableKeepAlives: true,
		DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
			return new(net.Dialer).DialContext(ctx, "unix", socket)
		},
	}}}
}

// State returns the present state.
func (c *Client) State(ctx context.Context) (*State, error) {
	body, err := c.ask(ctx, http.MethodGet, "/state")
	if err != nil {
		return nil, err
	}
	var s State
	if err := json.Unmarshal(body, &s); err != nil {
		return nil, fmt.Errorf("admin: GET /state: %w", err)
	}
	return &s, nil
}

// SetDrained takes a server out of what new connections go to, or brings it back.
func (c *Client) SetDrained(ctx context.Context, server string, drained bool) error {
	path := "/drain"
	if !drained {
		path = "/undrain"
	}
	_, err := c.ask(ctx, http.MethodPost, path+"?server="+url.QueryEscape(server))
	return err
}

// ask returns what the interface answers. An answer that tells of a fault is an error.
func (c *Client) ask(ctx context.Context, method, path string) ([]byte, error) {
	request, err := http.NewRequestWithContext(ctx, method, "http://lb"+path, nil)
	if err != nil {
		return nil, err
	}
	answer, err := c.http.Do(request)
	if err != nil {
		return nil, err
	}
	defer answer.Body.Close()
	body, err := io.ReadAll(io.LimitReader(answer.Body, maxAnswer))
	switch {
	case err != nil:
		return nil, fmt.Errorf("admin: %s %s: %w", method, path, err)
	case answer.StatusCode != http.StatusOK:
		return nil, fmt.Errorf("admin: %s %s: %s: %.200s", method, path, answer.Status, body)
	}
	return body, nil
}
