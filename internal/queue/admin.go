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

// Limits are the bounds of a queue's streams. Zero keeps the present bound, or the default.
type Limits struct {
	Jobs     int64         // that wait or are being done: 100,000
	Bytes    int64         // of those: 10 GB
	JobSize  int32         // bytes of a job, or of a result: 4 MiB
	MaxAge   time.Duration // of results: 7 days
	Replicas int           // servers that keep each message: 1
}

// Model is what is known of one that jobs are for.
type Model struct {
	Key     string        `json:"key"`
	Name    string        `json:"name"`
	Digest  string        `json:"digest"`
	Quant   string        `json:"quant"`
	AckWait time.Duration `json:"-"` // how long a worker may be silent: 60 s
}

// maxAckPending is how many jobs all workers of a model together may have at a time.
const maxAckPending = 1000

// Init makes the streams, or changes the limits of those there are.
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
				return fmt.Errorf("%s: the stream %s is there with another purpose (subjects %s)", c.where, cfg.Name, strings.Join(cfg.Subjects, ", "))
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

// jobsConfig: a job leaves the stream with its ack, and a full stream takes no more.
func jobsConfig() jetstream.StreamConfig {
	return jetstream.StreamConfig{
		Name: JobsStream, Subjects: []string{jobsPrefix + ">"}, Description: "jobs of alpaca batch that wait or are being done",
		Retention: jetstream.WorkQueuePolicy, Storage: jetstream.FileStorage, Replicas: 1,
		Discard: jetstream.DiscardNew, MaxMsgs: 100_000, MaxBytes: 10e9, MaxMsgSize: 4 << 20,
	}
}

// resultsConfig: the first result of a job stays.
func resultsConfig() jetstream.StreamConfig {
	return jetstream.StreamConfig{
		Name: ResultsStream, Subjects: []string{resultsPrefix + ">"}, Description: "results of alpaca batch",
		Retention: jetstream.LimitsPolicy, Storage: jetstream.FileStorage, Replicas: 1,
		MaxMsgsPerSubject: 1, Discard: jetstream.DiscardNew, DiscardNewPerSubject: true,
		AllowDirect: true, MaxAge: 7 * 24 * time.Hour,
	}
}

// apply puts what was asked for into the config of a stream.
func (l *Limits) apply(cfg *jetstream.StreamConfig) {
	if l.Replicas > 0 {
		cfg.Replicas = l.Replicas
	}
	if cfg.Name == ResultsStream {
		if l.MaxAge > 0 {
			cfg.MaxAge = l.MaxAge
			cfg.Duplicates = min(cfg.Duplicates, l.MaxAge) // the server refuses a longer one
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

// Add makes the place for the jobs of a model, from which its workers take them.
func (c *Conn) Add(ctx context.Context, m Model) error {
	ctx, cancel := c.with(ctx)
	defer cancel()
	if !isKey.MatchString(m.Key) {
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

// Models lists the models that jobs can be for, by their names.
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

// consumers lists the durable consumers of the jobs, by name and key.
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
		if isKey.MatchString(info.Name) {
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

// Find returns the model that a name or a key means; "" is the only one there is.
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
		return Model{}, &RefusedError{c.where + " has no model yet", "alpaca queue init -m MODEL --name NAME makes its place"}
	case len(found) == 0:
		return Model{}, &RefusedError{fmt.Sprintf("%s has no model %q", c.where, name), there}
	case len(found) > 1 && name == "":
		return Model{}, &RefusedError{c.where + " has several models", "-m chooses one: " + there}
	case len(found) > 1:
		return Model{}, &RefusedError{fmt.Sprintf("%s has several models named %q", c.where, name), "-m chooses one by its key: " + there}
	}
	return found[0], nil
}

// Removed says how much an act removed.
type Removed struct{ Jobs, Results int }

// Remove takes a batch's jobs and results away. What is being done of it comes to its end, and
// its results stay until they are too old.
func (c *Conn) Remove(ctx context.Context, batch string) (n Removed, err error) {
	ctx, cancel := c.with(ctx)
	defer cancel()
	if n.Jobs, err = c.purge(ctx, JobsStream, jobsPrefix+"*."+batch+".>"); err == nil {
		n.Results, err = c.purge(ctx, ResultsStream, resultsPrefix+batch+".>")
	}
	return n, err
}

// RemoveModel removes the place for the jobs of a model, with the jobs.
func (c *Conn) RemoveModel(ctx context.Context, key string) (n Removed, err error) {
	ctx, cancel := c.with(ctx)
	defer cancel()
	if err := c.js.DeleteConsumer(ctx, JobsStream, key); err != nil && !errors.Is(err, jetstream.ErrConsumerNotFound) {
		return n, c.cause(err)
	}
	n.Jobs, err = c.purge(ctx, JobsStream, jobsPrefix+key+".>")
	return n, err
}

// RemoveAll removes the streams, with all that is in them.
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

// Retry removes the results of a batch that say that nobody could do the job, or that are none,
// and returns how many there were. The batch puts those jobs in again.
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
			continue // too old by now
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

// purge removes what a subject, or a pattern, means of a stream.
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
