// Package queue sends the requests of batches to workers, through a NATS server with JetStream.
//
//	Batch.Run ─ job ─▶ ALPACA_JOBS ─▶ Worker ─ result ─▶ ALPACA_RESULTS ─▶ Batch.Run
//
// Workers do a job at least once, and its first result counts. Results must have the same bytes on
// every machine, so a later worker checks its own result against the first one.
package queue

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/nats-io/nats.go/jetstream"

	"alpaca/internal/engine"
	"alpaca/internal/jobs"
	"alpaca/internal/lazyregexp"
)

// Names of the streams. Subjects consist of digests only: a user's text could be read as a pattern.
const (
	JobsStream    = "ALPACA_JOBS"
	ResultsStream = "ALPACA_RESULTS"

	jobsPrefix    = "alpaca.jobs."    // followed by the model's key, the batch and the job
	resultsPrefix = "alpaca.results." // followed by the batch and the job
)

// errorHeader marks the result of a job that no worker could do. "queue retry" removes such
// results.
const errorHeader = "Alpaca-Error"

// Lengths of the parts of a subject, in hexadecimal digits.
const (
	keyLen   = 16
	batchLen = 16
	jobLen   = 32
)

// digest returns the first n hexadecimal digits of the SHA-256 of parts. Each part is hashed with
// its length, so that different lists never hash the same bytes.
func digest(n int, parts ...string) string {
	h := sha256.New()
	for _, part := range parts {
		var size [8]byte
		for i := range size {
			size[i] = byte(len(part) >> (8 * i))
		}
		h.Write(size[:])
		h.Write([]byte(part))
	}
	return hex.EncodeToString(h.Sum(nil))[:n]
}

// ModelKey returns a digest of all that answers depend on: the digest of a
// model's file, the engine's numerics version, and the settings. Workers whose
// answers could differ have different keys, so they never take the same jobs.
func ModelKey(modelDigest string, settings map[string]string) string {
	parts := []string{modelDigest, fmt.Sprint(engine.Numerics)}
	for _, name := range slices.Sorted(maps.Keys(settings)) {
		parts = append(parts, name, settings[name])
	}
	return digest(keyLen, parts...)
}

// BatchID returns the id of a batch: the digest of its input's digest and of
// options. The input and the options together must determine the results.
func BatchID(inputDigest string, options ...string) string {
	return digest(batchLen, append([]string{inputDigest}, options...)...)
}

// jobID returns the id of a request's job in a batch.
func jobID(batch string, r *jobs.Request) string {
	return digest(jobLen, batch, r.CustomID, r.URL, string(r.Body))
}

var (
	isKey   = lazyregexp.New(`^[0-9a-f]{16}$`)
	isBatch = isKey
)

// CheckBatch returns an error unless text can be the id of a batch.
func CheckBatch(text string) error {
	if !isBatch().MatchString(text) {
		return errors.New("the id of a batch has 16 hexadecimal digits")
	}
	return nil
}

func jobSubject(key, batch, job string) string { return jobsPrefix + key + "." + batch + "." + job }

func resultSubject(batch, job string) string { return resultsPrefix + batch + "." + job }

// cutJob splits the subject of a job.
func cutJob(subject string) (key, batch, job string, ok bool) {
	rest, ok := strings.CutPrefix(subject, jobsPrefix)
	parts := strings.Split(rest, ".")
	if !ok || len(parts) != 3 || len(parts[0]) != keyLen || len(parts[1]) != batchLen || len(parts[2]) != jobLen {
		return "", "", "", false
	}
	return parts[0], parts[1], parts[2], true
}

// cutResult splits the subject of a result.
func cutResult(subject string) (batch, job string, ok bool) {
	rest, ok := strings.CutPrefix(subject, resultsPrefix)
	batch, job, found := strings.Cut(rest, ".")
	return batch, job, ok && found && len(batch) == batchLen && len(job) == jobLen
}

// codeOf returns the server's code of an error, or 0 if err has none.
func codeOf(err error) jetstream.ErrorCode {
	var api *jetstream.APIError
	if errors.As(err, &api) {
		return api.ErrorCode
	}
	return 0
}

// isThere reports whether a message could not be
// published because its subject already has a message.
func isThere(err error) bool {
	code := codeOf(err)
	return code == jetstream.JSErrCodeStreamWrongLastSequence || code == jetstream.JSErrCodeStreamWrongLastSequenceConstant
}
