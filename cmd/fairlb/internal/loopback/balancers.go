package loopback

import (
	"context"
	"net/netip"

	"fairlb/env"
	"fairlb/env/station"
)

// balancers are the load balancers of one episode.
type balancers interface {
	// addresses are where they listen, by LB.
	addresses() []netip.AddrPort
	// steps paces the episode, whose traffic begin begins.
	steps(ctx context.Context, begin func() error) (steps, error)
	// tell lets all of them know of a change of a server that is theirs to know.
	tell(ctx context.Context, x station.Change) error
	// weights are those that agents of processes of their own have set, as far as anybody has
	// looked; nil: there are none.
	weights() [][]float64
	// report says what became of them in an episode that ends: why it is no measurement,
	// if they made it none, and what else there is to know.
	report(ctx context.Context) (doubts, notes []string, err error)
	// close frees what is left, once they have ended.
	close() error
}

// steps is the course of an episode: env.Env without its end.
type steps interface {
	Reset(ctx context.Context, seed uint64) (env.Step, error)
	Step(ctx context.Context, actions [][]float64) (env.Step, error)
}

// patience (s) is how long load balancers and agents have to begin.
const patience = 20
