package train

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"alpaca/internal/cli/ui"
	"alpaca/internal/train"
)

// checkpoints returns the paths of a run's checkpoints, the oldest first.
func checkpoints(dir string) ([]string, error) {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil, err
	}
	var list []string
	for _, e := range entries {
		if strings.HasPrefix(e.Name(), "checkpoint-") && strings.HasSuffix(e.Name(), ".gguf") {
			list = append(list, filepath.Join(dir, e.Name()))
		}
	}
	slices.Sort(list)
	return list, nil
}

// lastCheckpoint opens the newest usable checkpoint of
// the run to resume, and takes over the run's settings.
func (j *job) lastCheckpoint() (*train.Checkpoint, error) {
	list, err := checkpoints(j.resume)
	if err != nil {
		return nil, fmt.Errorf("--resume: %w", err)
	}
	if len(list) == 0 {
		return nil, fmt.Errorf("--resume %s: the folder has no checkpoint", j.resume)
	}
	var first error
	for _, path := range slices.Backward(list) {
		c, err := train.OpenCheckpoint(path)
		if err != nil {
			j.u.Warnf("%v", err)
			first = errors.Join(first, err)
			continue
		}
		var stored settings
		if err := json.Unmarshal(c.Options, &stored); err != nil {
			c.Close()
			return nil, fmt.Errorf("%s: its settings cannot be read: %w", path, err)
		}
		if err := j.same(&stored); err != nil {
			c.Close()
			return nil, err
		}
		return c, j.check()
	}
	return nil, fmt.Errorf("--resume %s: no checkpoint can be used", j.resume)
}

// restore sets the trainer to the state in c, after checking that the run has the same base and
// data as c.
func (j *job) restore(c *train.Checkpoint) error {
	for _, x := range []struct{ what, flag, before, now string }{
		{"data", "data", c.DataSHA256, j.dataSum}, {"base model", "model", c.BaseSHA256, j.baseSum},
	} {
		if x.before != x.now {
			return ui.WithHint(fmt.Errorf("--resume %s: the %s changed: SHA-256 %s, was %s", j.resume, x.what, x.now, x.before),
				"give the earlier file with --"+x.flag)
		}
	}
	if err := j.trainer.Load(c); err != nil {
		return err
	}
	options := j.record.Options
	j.record = c.Record
	if options != nil {
		j.record.Options = options
	}
	return nil
}

// save writes a checkpoint, and removes all checkpoints except the last two.
func (j *job) save() error {
	options, err := json.Marshal(j.settings)
	if err != nil {
		return err
	}
	j.record.Options, j.record.DataSHA256, j.record.BaseSHA256 = options, j.dataSum, j.baseSum
	path := filepath.Join(j.dir, fmt.Sprintf("checkpoint-%08d.gguf", j.trainer.State.Update))
	if err := j.trainer.Save(path, &j.record); err != nil {
		return err
	}
	list, err := checkpoints(j.dir)
	if err != nil {
		return err
	}
	for _, old := range list[:max(0, len(list)-2)] {
		if err := os.Remove(old); err != nil {
			return err
		}
	}
	return nil
}

// journal is the log of a run, train.jsonl.
type journal struct{ file *os.File }

// logName is the name of the journal in the run's folder.
const logName = "train.jsonl"

// openJournal opens the journal of a run that resumes after the given update. It removes lines
// about later updates.
func openJournal(dir string, update int) (*journal, error) {
	path := filepath.Join(dir, logName)
	old, err := os.ReadFile(path)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	var keep bytes.Buffer
	lines := bufio.NewScanner(bytes.NewReader(old))
	lines.Buffer(nil, 1<<24)
	for lines.Scan() {
		var entry struct{ Step int }
		if json.Unmarshal(lines.Bytes(), &entry) == nil && entry.Step <= update {
			keep.Write(lines.Bytes())
			keep.WriteByte('\n')
		}
	}
	if !bytes.Equal(keep.Bytes(), old) {
		err := ui.WriteOutput(path, func(w io.Writer) error {
			_, err := w.Write(keep.Bytes())
			return err
		})
		if err != nil {
			return nil, err
		}
	}
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_APPEND|os.O_CREATE, 0o666)
	if err != nil {
		return nil, err
	}
	return &journal{f}, nil
}

// add appends an entry as a line.
func (l *journal) add(entry any) error {
	line, err := json.Marshal(entry)
	if err != nil {
		return err
	}
	_, err = l.file.Write(append(line, '\n'))
	return err
}

// finite is a number that is null in JSON if it is NaN or infinite.
type finite float64

func (f finite) MarshalJSON() ([]byte, error) {
	if math.IsNaN(float64(f)) || math.IsInf(float64(f), 0) {
		return []byte("null"), nil
	}
	return json.Marshal(float64(f))
}

func (f *finite) UnmarshalJSON(text []byte) error {
	if string(text) == "null" {
		*f = finite(math.NaN())
		return nil
	}
	return json.Unmarshal(text, (*float64)(f))
}
