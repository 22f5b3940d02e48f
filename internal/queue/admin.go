package queue

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/nats-io/nats.go/jetstream"

	"alpaca/internal/jobs"
)

// Limits are the limits of a queue's streams. A zero field keeps the present limit; a new stream
// gets the default.
type Limits struct {
	Jobs     int64         // largest number of jobs that wait or are in progress; default 100,000
	Bytes    int64         // largest total size of these jobs in bytes; default 10 GB
	JobSize  int32         // largest size of a job in bytes; default 4 MiB
	MaxAge   time.Duration // how long results are kept; default 7 days
	Replicas int           // number of servers that store each message; default 1
}

// Model describes a model of the queue. Each job is for one model.
type Model struct {
	Key     string        `json:"key"`
	Name    string        `json:"name"`
	Digest  string        `json:"digest"`
	Quant   string        `json:"quant"`
	AckWait time.Duration `json:"-"` // how long a worker may show no progress before it loses a job; default 60 s
}

// maxAckPending is the largest number of jobs that all workers of a model together do at the same
// time.
const maxAckPending = 1000

// Init makes the streams. If they exist, Init changes their limits.
func (c *Conn) Init(ctx context.Context, l Limits) error {
	ctx, cancel := c.with(ctx)
	defer cancel()
	for _, want := range []jetstream.StreamConfig{jobsConfig(), resultsConfig()} {
		cfg := want
		stream, err := c.js.Stream(ctx, want.Name)
		switch {
		case err == nil:
			cfg = stream.CachedInfo().Config
			if cfg.Retention != want.Retention || !slices.Equal(cfg.Subjects, want.Subjects) {
				return fmt.Errorf("%s: the stream %s exists, but has another purpose (subjects %s)", c.where, cfg.Name, strings.Join(cfg.Subjects, ", "))
			}
			cfg.Discard, cfg.DiscardNewPerSubject, cfg.MaxMsgsPerSubject, cfg.AllowDirect = want.Discard, want.DiscardNewPerSubject, want.MaxMsgsPerSubject, want.AllowDirect
		case !errors.Is(err, jetstream.ErrStreamNotFound):
			return c.cause(err)
		}
		l.apply(&cfg)
		if _, err := c.js.CreateOrUpdateStream(ctx, cfg); err != nil {
			return c.cause(fmt.Errorf("%s: stream %s: %w", c.where, cfg.Name, err))
		}
	}
	return nil
}

// jobsConfig returns the settings of the stream of jobs. An acknowledgement removes a job, and a
// full stream refuses new jobs.
func jobsConfig() jetstream.StreamConfig {
	return jetstream.StreamConfig{
		Name: JobsStream, Subjects: []string{jobsPrefix + ">"}, Description: "jobs of alpaca batch that wait or are being done",
		Retention: jetstream.WorkQueuePolicy, Storage: jetstream.FileStorage, Replicas: 1,
		Discard: jetstream.DiscardNew, MaxMsgs: 100_000, MaxBytes: 10e9, MaxMsgSize: 4 << 20,
	}
}

// resultsConfig returns the settings of the stream of results. A subject keeps its first result and
// refuses later results.
func resultsConfig() jetstream.StreamConfig {
	return jetstream.StreamConfig{
		Name: ResultsStream, Subjects: []string{resultsPrefix + ">"}, Description: "results of alpaca batch",
		Retention: jetstream.LimitsPolicy, Storage: jetstream.FileStorage, Replicas: 1,
		MaxMsgsPerSubject: 1, Discard: jetstream.DiscardNew, DiscardNewPerSubject: true,
		AllowDirect: true, MaxAge: 7 * 24 * time.Hour,
	}
}

// apply copies the non-zero limits of l to cfg.
func (l *Limits) apply(cfg *jetstream.StreamConfig) {
	if l.Replicas > 0 {
		cfg.Replicas = l.Replicas
	}
	if cfg.Name == ResultsStream {
		if l.MaxAge > 0 {
			cfg.MaxAge = l.MaxAge
			cfg.Duplicates = min(cfg.Duplicates, l.MaxAge) // the server refuses a duplicate window longer than MaxAge
		}
		return
	}
	if l.Jobs > 0 {
		cfg.MaxMsgs = l.Jobs
	}
	if l.Bytes > 0 {
		cfg.MaxBytes = l.Bytes
	}
	if l.JobSize > 0 {
		cfg.MaxMsgSize = l.JobSize
	}
}

// Add makes the consumer from which workers take the jobs of a model.
func (c *Conn) Add(ctx context.Context, m Model) error {
	ctx, cancel := c.with(ctx)
	defer cancel()
	if !isKey().MatchString(m.Key) {
		return fmt.Errorf("queue: the model key %q must have %d hexadecimal digits", m.Key, keyLen)
	}
	if m.AckWait == 0 {
		m.AckWait = time.Minute
	}
	_, err := c.js.CreateOrUpdateConsumer(ctx, JobsStream, jetstream.ConsumerConfig{
		Durable: m.Key, FilterSubject: jobsPrefix + m.Key + ".>",
		AckPolicy: jetstream.AckExplicitPolicy, AckWait: m.AckWait, MaxDeliver: -1, MaxAckPending: maxAckPending,
		Metadata: map[string]string{"name": m.Name, "digest": m.Digest, "quant": m.Quant},
	})
	if err != nil {
		return c.cause(fmt.Errorf("%s: model %s: %w", c.where, m.Key, err))
	}
	return nil
}

// Models lists the models that have a consumer, sorted by name.
func (c *Conn) Models(ctx context.Context) ([]Model, error) {
	infos, err := c.consumers(ctx)
	var list []Model
	for _, info := range infos {
		list = append(list, modelOf(info))
	}
	return list, err
}

func modelOf(info *jetstream.ConsumerInfo) Model {
	meta := info.Config.Metadata
	return Model{Key: info.Name, Name: meta["name"], Digest: meta["digest"], Quant: meta["quant"], AckWait: info.Config.AckWait}
}

// consumers lists the consumers of models, sorted by name and key.
func (c *Conn) consumers(ctx context.Context) (list []*jetstream.ConsumerInfo, err error) {
	ctx, cancel := c.with(ctx)
	defer cancel()
	asked, end := c.once(ctx)
	defer end()
	stream, err := c.js.Stream(asked, JobsStream)
	if err != nil {
		return nil, c.cause(lostOr(ctx, err))
	}
	all := stream.ListConsumers(asked)
	for info := range all.Info() {
		if isKey().MatchString(info.Name) {
			list = append(list, info)
		}
	}
	if err := all.Err(); err != nil && !errors.Is(err, jetstream.ErrEndOfData) {
		return nil, c.cause(lostOr(ctx, err))
	}
	slices.SortFunc(list, func(a, b *jetstream.ConsumerInfo) int {
		return strings.Compare(a.Config.Metadata["name"]+"\x00"+a.Name, b.Config.Metadata["name"]+"\x00"+b.Name)
	})
	return list, nil
}

// Find returns the model with the given name or key. An empty name means the only model of the
// queue.
func (c *Conn) Find(ctx context.Context, name string) (Model, error) {
	all, err := c.Models(ctx)
	if err != nil {
		return Model{}, err
	}
	var found []Model
	names := map[string]bool{}
	for _, m := range all {
		names[fmt.Sprintf("%s (%s)", m.Name, m.Key)] = true
		if name == "" || name == m.Name || name == m.Key {
			found = append(found, m)
		}
	}
	there := "there are " + strings.Join(slices.Sorted(maps.Keys(names)), ", ")
	switch {
	case len(all) == 0:
		return Model{}, &RefusedError{c.where + " has no model yet", "alpaca queue init -m MODEL --name NAME adds one"}
	case len(found) == 0:
		return Model{}, &RefusedError{fmt.Sprintf("%s has no model %q", c.where, name), there}
	case len(found) > 1 && name == "":
		return Model{}, &RefusedError{c.where + " has several models", "-m chooses one: " + there}
	case len(found) > 1:
		return Model{}, &RefusedError{fmt.Sprintf("%s has several models named %q", c.where, name), "-m chooses one by its key: " + there}
	}
	return found[0], nil
}

// Removed counts what was removed.
type Removed struct{ Jobs, Results int }

// Remove removes a batch's jobs and results. Workers finish the jobs that they are doing, and the
// results of these jobs stay until they expire.
func (c *Conn) Remove(ctx context.Context, batch string) (n Removed, err error) {
	ctx, cancel := c.with(ctx)
	defer cancel()
	if n.Jobs, err = c.purge(ctx, JobsStream, jobsPrefix+"*."+batch+".>"); err == nil {
		n.Results, err = c.purge(ctx, ResultsStream, resultsPrefix+batch+".>")
	}
	return n, err
}

// RemoveModel removes a model's consumer and its jobs.
func (c *Conn) RemoveModel(ctx context.Context, key string) (n Removed, err error) {
	ctx, cancel := c.with(ctx)
	defer cancel()
	if err := c.js.DeleteConsumer(ctx, JobsStream, key); err != nil && !errors.Is(err, jetstream.ErrConsumerNotFound) {
		return n, c.cause(err)
	}
	n.Jobs, err = c.purge(ctx, JobsStream, jobsPrefix+key+".>")
	return n, err
}

// RemoveAll removes both streams with their messages.
func (c *Conn) RemoveAll(ctx context.Context) error {
	ctx, cancel := c.with(ctx)
	defer cancel()
	for _, name := range []string{JobsStream, ResultsStream} {
		if err := c.js.DeleteStream(ctx, name); err != nil && !errors.Is(err, jetstream.ErrStreamNotFound) {
			return c.cause(err)
		}
	}
	return nil
}

// Retry removes those results of a batch that are invalid, or say that
// no worker could do the job. It returns how many results it removed.
// The next run of the batch puts these jobs into the queue again.
func (c *Conn) Retry(ctx context.Context, batch string) (n int, err error) {
	ctx, cancel := c.with(ctx)
	defer cancel()
	results, err := c.js.Stream(ctx, ResultsStream)
	if err != nil {
		return 0, c.cause(err)
	}
	info, err := results.Info(ctx, jetstream.WithSubjectFilter(resultsPrefix+batch+".>"))
	if err != nil {
		return 0, c.cause(err)
	}
	for _, subject := range slices.Sorted(maps.Keys(info.State.Subjects)) {
		msg, err := results.GetLastMsgForSubject(ctx, subject)
		if errors.Is(err, jetstream.ErrMsgNotFound) {
			continue // the result expired meanwhile
		}
		if err != nil {
			return n, c.cause(err)
		}
		if _, err := jobs.ParseResult(msg.Data); err == nil && msg.Header.Get(errorHeader) == "" {
			continue
		}
		if _, err := c.purge(ctx, ResultsStream, subject); err != nil {
			return n, err
		}
		n++
	}
	return n, nil
}

// purge removes the messages at a subject, or at all subjects of a
// pattern, from a stream. It returns how many messages it removed.
func (c *Conn) purge(ctx context.Context, name, subject string) (n int, err error) {
	stream, err := c.js.Stream(ctx, name)
	if err != nil {
		return 0, c.cause(err)
	}
	info, err := stream.Info(ctx, jetstream.WithSubjectFilter(subject))
	if err != nil {
		return 0, c.cause(err)
	}
	for _, count := range info.State.Subjects {
		n += int(count)
	}
	if err := stream.Purge(ctx, jetstream.WithPurgeSubject(subject)); err != nil {
		return 0, c.cause(err)
	}
	return n, nil
}
