package queue

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
	"github.com/nats-io/nuid"
)

// The names of what a queue is kept in.
const (
	streamName   = "fairlb-jobs"
	subjects     = "fairlb.jobs.*.*" // key, round
	consumerName = "workers"
	stateBucket  = "fairlb-states"
	resultBucket = "fairlb-results"
)

// Config says where a queue is.
type Config struct {
	// URL is of the NATS server, or several of a cluster, with commas.
	URL string
	// Token is what the server wants of its clients; empty: nothing.
	Token string
	// Name is the client's, for people.
	Name string

	// Create makes the queue if it is not there, or changes it to the
	// settings below. Without it, Open waits for somebody else to do so.
	Create bool
	// Replicas is the number of servers that keep everything: 0 is 1.
	Replicas int
	// AckWait is how long a worker may be silent until its job is given to
	// another; 0: 30 s.
	AckWait time.Duration

	// Waiting, if not nil, is told every second why Open still waits: no
	// server answers, or nobody has made the queue. Without it, a server that
	// does not answer is an error.
	Waiting func(why error)
}

// Queue is a client's end of a queue. Its methods are safe for concurrent use.
type Queue struct {
	conn     *nats.Conn
	js       jetstream.JetStream
	consumer jetstream.Consumer
	states   jetstream.KeyValue
	results  jetstream.ObjectStore
	objects  jetstream.Stream // of results
	ackWait  time.Duration

	// recheck is the constant of that name, and how long a result is looked for
	// that is said to be stored; tests have less time.
	recheck time.Duration

	mu          sync.Mutex
	reconnected chan struct{} // closed when the connection has been made anew
}

// requestWait is how long a request of a few messages may take.
const requestWait = 5 * time.Second

// Open connects to a queue.
func Open(ctx context.Context, cfg Config) (*Queue, error) {
	if cfg.Replicas < 0 || cfg.Replicas > 5 {
		return nil, fmt.Errorf("%w: %d replicas: must be in [1, 5]", ErrConfig, cfg.Replicas)
	}
	if err := CheckURL(cfg.URL); err != nil {
		return nil, err
	}
	q := &Queue{reconnected: make(chan struct{}), recheck: recheck}
	if err := CheckToken(cfg.Token, 0); err != nil {
		return nil, err
	}
	conn, err := connect(ctx, cfg, nats.Name(cfg.Name), nats.Token(cfg.Token), nats.MaxReconnects(-1),
		nats.ReconnectWait(500*time.Millisecond), nats.PingInterval(10*time.Second), nats.MaxPingsOutstanding(3),
		nats.ReconnectHandler(func(*nats.Conn) { q.renew() }),
		nats.ErrorHandler(func(*nats.Conn, *nats.Subscription, error) {})) // every request has its own error
	if err != nil {
		return nil, fmt.Errorf("queue: %s: %w", cfg.URL, err)
	}
	q.conn = conn
	if q.js, err = jetstream.New(conn); err == nil {
		if cfg.Create {
			err = q.create(ctx, cfg)
		} else {
			err = q.find(ctx, cfg.Waiting)
		}
	}
	if err == nil {
		err = retry(ctx, func(ctx context.Context) (err error) {
			q.objects, err = q.js.Stream(ctx, "OBJ_"+resultBucket)
			return err
		})
	}
	if err != nil {
		conn.Close()
		return nil, fmt.Errorf("queue: %s: %w", cfg.URL, err)
	}
	q.ackWait = q.consumer.CachedInfo().Config.AckWait
	return q, nil
}

// Close ends the connection. Jobs that its workers still run are given to
// others.
func (q *Queue) Close() { q.conn.Close() }

// renew tells those that follow the queue to subscribe again: a server that
// was started anew has forgotten them.
func (q *Queue) renew() {
	q.mu.Lock()
	defer q.mu.Unlock()
	close(q.reconnected)
	q.reconnected = make(chan struct{})
}

// renewal is closed at the next reconnection.
func (q *Queue) renewal() <-chan struct{} {
	q.mu.Lock()
	defer q.mu.Unlock()
	return q.reconnected
}

// create makes or changes what a queue is kept in.
func (q *Queue) create(ctx context.Context, cfg Config) error {
	replicas := max(1, cfg.Replicas)
	if cfg.AckWait == 0 {
		cfg.AckWait = 30 * time.Second
	}
	return retry(ctx, func(ctx context.Context) error {
		var err error
		if q.states, err = q.js.CreateOrUpdateKeyValue(ctx, jetstream.KeyValueConfig{
			Bucket: stateBucket, Description: "where fairlb's jobs stand", Replicas: replicas,
		}); err != nil {
			return err
		}
		if q.results, err = q.js.CreateOrUpdateObjectStore(ctx, jetstream.ObjectStoreConfig{
			Bucket: resultBucket, Description: "what came of fairlb's jobs", Replicas: replicas,
		}); err != nil {
			return err
		}
		stream, err := q.js.CreateOrUpdateStream(ctx, jetstream.StreamConfig{
			Name: streamName, Description: "fairlb's jobs", Subjects: []string{subjects}, Replicas: replicas,
			Retention: jetstream.WorkQueuePolicy,
			// One message a subject: a job that is queued is not queued again.
			Discard: jetstream.DiscardNew, DiscardNewPerSubject: true, MaxMsgsPerSubject: 1,
		})
		if err != nil {
			return err
		}
		// Attempts are counted in the job's state, which tells a worker that
		// died from one that handed its job back: hence no MaxDeliver, beyond
		// which a message would stay for ever.
		q.consumer, err = stream.CreateOrUpdateConsumer(ctx, jetstream.ConsumerConfig{
			Durable: consumerName, AckPolicy: jetstream.AckExplicitPolicy, AckWait: cfg.AckWait,
			MaxDeliver: -1, MaxAckPending: 100_000,
		})
		return err
	})
}

// find waits for the queue to be made by somebody else.
func (q *Queue) find(ctx context.Context, waiting func(error)) error {
	for {
		err := retry(ctx, func(ctx context.Context) error {
			var err error
			if q.states, err = q.js.KeyValue(ctx, stateBucket); err != nil {
				return err
			}
			if q.results, err = q.js.ObjectStore(ctx, resultBucket); err != nil {
				return err
			}
			q.consumer, err = q.js.Consumer(ctx, streamName, consumerName)
			return err
		})
		missing := errors.Is(err, jetstream.ErrBucketNotFound) || errors.Is(err, jetstream.ErrStreamNotFound) ||
			errors.Is(err, jetstream.ErrConsumerNotFound) || errors.Is(err, jetstream.ErrConsumerDoesNotExist)
		if !missing {
			return err
		}
		if waiting != nil {
			waiting(err)
		}
		if err := sleep(ctx, time.Second); err != nil {
			return err
		}
	}
}

// Submit queues a job, unless it is queued, runs or has its result. A job that
// was set aside is tried again, and one that waits for another version of the
// program waits for this one from now on. The round is JobState.Round of the job.
func (q *Queue) Submit(ctx context.Context, job Job) (round int, err error) {
	if err := job.check(); err != nil {
		return 0, err
	}
	for {
		s, revision, err := q.state(ctx, job.Key)
		if err != nil {
			return 0, err
		}
		known, stored := s.Phase != "", false
		if !known || s.Phase == Done {
			if stored, err = q.Has(ctx, job.Key); err != nil {
				return 0, err
			}
		}
		next := JobState{
			Key: job.Key, Kind: job.Kind, Title: job.Title, Version: job.Version,
			Phase: Queued, Since: time.Now().UTC(), Round: s.Round,
		}
		switch {
		case stored && known:
			return s.Round, nil
		case stored:
			next.Phase = Done
		case known && (s.Ended() || s.Version != job.Version):
			next.Round++ // set aside, or done and its result is gone, or of another version
		}
		if !known || next.Round != s.Round {
			written, err := q.write(ctx, next, revision)
			if err != nil {
				return 0, err
			}
			if written == 0 {
				continue // somebody else wrote meanwhile
			}
		}
		if stored {
			return next.Round, nil
		}
		return next.Round, q.publish(ctx, job, next.Round)
	}
}

// publish puts a job into the stream, if it is not there. A long payload is an
// object beside it: a server refuses long messages.
func (q *Queue) publish(ctx context.Context, job Job, round int) error {
	d := delivery{Job: job, Round: round}
	if len(job.Payload) > inlinePayload {
		name, digest := payloadObject(job.Payload)
		if err := q.put(ctx, name, job.Payload); err != nil {
			return fmt.Errorf("queue: submitting %s: %w", job.Title, err)
		}
		d.Payload, d.PayloadDigest = nil, digest
	}
	data, err := json.Marshal(d)
	if err != nil {
		return fmt.Errorf("queue: %w", err)
	}
	subject := subjectOf(job.Key, round)
	// The id is of this call alone: a job whose message was spoilt may be
	// published again at once. That it is there once is MaxMsgsPerSubject's.
	id := nuid.Next()
	err = retry(ctx, func(ctx context.Context) error {
		_, err := q.js.Publish(ctx, subject, data, jetstream.WithMsgID(id))
		var refused *jetstream.APIError
		if errors.As(err, &refused) && refused.Description == "maximum messages per subject exceeded" {
			return nil // it is there
		}
		return err
	})
	if err != nil {
		return fmt.Errorf("queue: submitting %s: %w", job.Title, err)
	}
	return nil
}

// state returns a job's state and the revision of what is written there, which is
// 0 if nothing is. What is there and is no state of the job counts as none: its
// Phase is empty, and the next write replaces it.
func (q *Queue) state(ctx context.Context, key string) (s JobState, revision uint64, err error) {
	err = retry(ctx, func(ctx context.Context) error {
		s, revision = JobState{}, 0
		entry, err := q.states.Get(ctx, key)
		if errors.Is(err, jetstream.ErrKeyNotFound) {
			return nil
		}
		if err != nil {
			return err
		}
		revision = entry.Revision()
		if read, err := decodeState(key, entry.Value()); err == nil {
			s = read
		}
		return nil
	})
	if err != nil {
		return s, 0, fmt.Errorf("queue: the state of %s: %w", key, err)
	}
	return s, revision, nil
}

// write replaces the state that has that revision (0: none is there) and
// returns the new one, or 0 if that revision is not the last one any more.
func (q *Queue) write(ctx context.Context, s JobState, revision uint64) (written uint64, err error) {
	s.Title, s.Error, s.Note, s.Worker = shortened(s.Title), shortened(s.Error), shortened(s.Note), shortened(s.Worker)
	data, err := json.Marshal(s)
	if err != nil {
		return 0, fmt.Errorf("queue: %w", err)
	}
	err = retry(ctx, func(ctx context.Context) error {
		var err error
		if revision == 0 {
			written, err = q.states.Create(ctx, s.Key, data)
		} else {
			written, err = q.states.Update(ctx, s.Key, data, revision)
		}
		return err
	})
	switch {
	case errors.Is(err, jetstream.ErrKeyExists), errors.Is(err, jetstream.ErrKeyRevisionMismatch):
		return 0, nil
	case err != nil:
		return 0, fmt.Errorf("queue: the state of %s: %w", s.Key, err)
	}
	return written, nil
}
