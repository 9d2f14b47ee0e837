package queue

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"time"

	"github.com/nats-io/nats.go/jetstream"
)

// Bounds of what a queue carries, in bytes. What is longer is refused where it is
// stored, and taken for damage where it is read, whatever it says of its length.
const (
	MaxResult  = 512 << 20
	MaxPayload = 64 << 20
)

// inlinePayload is the length, in bytes, up to which a payload travels in a job's
// message. A server takes messages of 1 MB.
const inlinePayload = 256 << 10

// Has says whether a key has a result. One whose description is damaged is none.
func (q *Queue) Has(ctx context.Context, key string) (bool, error) {
	_, err := q.describe(ctx, key)
	switch {
	case err == nil:
		return true, nil
	case errors.Is(err, ErrNoResult), errors.Is(err, ErrUnusable):
		return false, nil
	}
	return false, fmt.Errorf("queue: the result of %s: %w", key, err)
}

// Put stores a result, in place of one that is there.
func (q *Queue) Put(ctx context.Context, key string, result []byte) error {
	if err := checkKey(key); err != nil {
		return err
	}
	if len(result) > MaxResult {
		return Permanent(fmt.Errorf("%w: the result of %s has %d bytes: must be at most %d", ErrUnusable, key, len(result), MaxResult))
	}
	if err := q.put(ctx, key, result); err != nil {
		return fmt.Errorf("queue: storing the result of %s: %w", key, err)
	}
	return nil
}

// Result returns what was stored, after comparing its digest; ErrNoResult, or
// ErrUnusable where it is damaged.
func (q *Queue) Result(ctx context.Context, key string) ([]byte, error) {
	data, err := q.object(ctx, key, MaxResult)
	if err != nil {
		return nil, fmt.Errorf("queue: the result of %s: %w", key, err)
	}
	return data, nil
}

// put stores an object, in place of one that is there. A damaged one is removed
// before: NATS would believe what its description says of the pieces that are to
// be removed, such as that they are those of all objects.
func (q *Queue) put(ctx context.Context, name string, data []byte) error {
	if _, err := q.describe(ctx, name); errors.Is(err, ErrUnusable) {
		if err := q.remove(ctx, name, ""); err != nil {
			return err
		}
	}
	return retryLong(ctx, func(ctx context.Context) error {
		_, err := q.results.Put(ctx, jetstream.ObjectMeta{Name: name}, bytes.NewReader(data))
		return err
	})
}

// remove removes an object, whole or damaged. With a digest, one that has another
// by now stays.
func (q *Queue) remove(ctx context.Context, name, digest string) error {
	info, err := q.describe(ctx, name)
	switch {
	case errors.Is(err, ErrNoResult), err == nil && digest != "" && info.Digest != digest:
		return nil
	case err != nil && !errors.Is(err, ErrUnusable):
		return err
	}
	return retry(ctx, func(ctx context.Context) error {
		err := q.objects.Purge(ctx, jetstream.WithPurgeSubject(metaSubject(name)))
		if err == nil && info != nil && info.NUID != "" {
			err = q.objects.Purge(ctx, jetstream.WithPurgeSubject(chunkSubject(info.NUID)))
		}
		return err
	})
}

// The subjects under which NATS keeps an object.
func metaSubject(name string) string {
	return "$O." + resultBucket + ".M." + base64.URLEncoding.EncodeToString([]byte(name))
}

func chunkSubject(id string) string { return "$O." + resultBucket + ".C." + id }

// describe returns what is stored about an object: ErrNoResult, or ErrUnusable
// where that cannot be, among it a link, which would name another object.
func (q *Queue) describe(ctx context.Context, name string) (info *jetstream.ObjectInfo, err error) {
	err = retry(ctx, func(ctx context.Context) (err error) {
		info, err = q.results.GetInfo(ctx, name)
		return err
	})
	switch {
	case errors.Is(err, jetstream.ErrObjectNotFound):
		return nil, ErrNoResult
	case errors.Is(err, jetstream.ErrBadObjectMeta):
		return nil, fmt.Errorf("%w: its description is damaged", ErrUnusable)
	case err != nil:
		return nil, err
	case !keys.MatchString(info.NUID), info.Name != name, info.Opts != nil && info.Opts.Link != nil:
		info.NUID = "" // which names no chunks of it
		return info, fmt.Errorf("%w: its description is not that of a result", ErrUnusable)
	}
	return info, nil
}

// object returns an object's content, piece by piece and no more than a limit,
// after comparing its digest.
func (q *Queue) object(ctx context.Context, name string, limit int) ([]byte, error) {
	info, err := q.describe(ctx, name)
	if err != nil {
		return nil, err
	}
	if info.Size > uint64(limit) {
		return nil, fmt.Errorf("%w: it says that it has %d bytes: must be at most %d", ErrUnusable, info.Size, limit)
	}
	var data []byte
	for next := uint64(1); uint64(len(data)) < info.Size; {
		var piece *jetstream.RawStreamMsg
		err := retry(ctx, func(ctx context.Context) (err error) {
			piece, err = q.objects.GetMsg(ctx, next, jetstream.WithGetMsgSubject(chunkSubject(info.NUID)))
			return err
		})
		switch {
		case errors.Is(err, jetstream.ErrMsgNotFound):
			// A server of a cluster may not have it yet; see settled.
			return nil, fmt.Errorf("%w: %d of its %d bytes are there", ErrNoResult, len(data), info.Size)
		case err != nil:
			return nil, err
		}
		if len(piece.Data) == 0 || uint64(len(data)+len(piece.Data)) > info.Size {
			return nil, fmt.Errorf("%w: its pieces do not come to its %d bytes", ErrUnusable, info.Size)
		}
		data, next = append(data, piece.Data...), piece.Sequence+1
	}
	if info.Digest != digestOf(data) {
		return nil, fmt.Errorf("%w: its bytes are damaged", ErrUnusable)
	}
	return data, nil
}

// digestOf is the digest that an object of these bytes has in its description.
func digestOf(data []byte) string {
	sum := sha256.Sum256(data)
	return "SHA-256=" + base64.URLEncoding.EncodeToString(sum[:])
}

// payloadObject is the name under which a long payload is stored, and its digest.
func payloadObject(payload []byte) (name, digest string) {
	sum := sha256.Sum256(payload)
	digest = hex.EncodeToString(sum[:])
	return "payload-" + digest, digest
}

// payload completes a job whose payload is an object.
func (q *Queue) payload(ctx context.Context, d *delivery) error {
	if d.PayloadDigest == "" {
		return nil
	}
	data, err := q.object(ctx, "payload-"+d.PayloadDigest, MaxPayload)
	if err != nil {
		return fmt.Errorf("queue: the payload of %s: %w", d.Title, err)
	}
	if _, digest := payloadObject(data); digest != d.PayloadDigest {
		return fmt.Errorf("%w: the payload of %s has another digest", ErrUnusable, d.Title)
	}
	d.Payload = data
	return nil
}

// settled is the result of a job that is done. The server of a cluster that is
// asked may not know of it yet, or not of all of it.
func (q *Queue) settled(ctx context.Context, key string) ([]byte, error) {
	for end := time.Now().Add(q.recheck); ; {
		data, err := q.Result(ctx, key)
		if !errors.Is(err, ErrNoResult) || time.Now().After(end) {
			return data, err
		}
		if err := sleep(ctx, 100*time.Millisecond); err != nil {
			return nil, err
		}
	}
}
