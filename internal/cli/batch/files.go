package batch

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"

	"alpaca/internal/cli/ui"
	"alpaca/internal/jobs"
)

// source yields the requests of the input.
type source struct {
	jobs.Source
	file   *jobs.Input // the input, or the copy of a pipe; nil: requests are read directly from a pipe
	remove string      // the file that a pipe was copied to; "": none
}

func (s *source) close() {
	if s.file != nil {
		s.file.Close()
	}
	if s.remove != "" {
		os.Remove(s.remove)
	}
}

// source opens the input. If the input is a file, or the copy of a pipe, source checks it and
// reports lines that cannot be used. It cannot check a pipe that is read directly. sum is the
// SHA-256 of the file, or "" for a pipe.
func (o *options) source(u *ui.UI) (_ *source, sum string, err error) {
	s := &source{}
	path := o.in
	pipe, err := o.pipe(u)
	if err != nil {
		return nil, "", err
	}
	if pipe != nil {
		defer func() {
			if err != nil {
				s.close()
			}
		}()
		if !o.check && o.order != "input" {
			s.Source = jobs.NewStream(pipe, o.part)
			return s, "", nil
		}
		// --check and --order input need the whole input before the first request is answered.
		if s.remove, err = spool(pipe); err != nil {
			return nil, "", err
		}
		path = s.remove
	}
	if s.file, err = openInput(u, path, o.in, o.part); err != nil {
		return nil, "", err
	}
	if pipe == nil {
		sum = s.file.SHA256
	}
	s.file.ByPrefix()
	s.Source = s.file
	return s, sum, nil
}

// openInput opens and checks the file at path. name stands for the file in messages.
func openInput(u *ui.UI, path, name string, part jobs.Shard) (*jobs.Input, error) {
	const limit = 10 // the largest number of lines to report
	told := 0
	in, err := jobs.OpenInput(path, part, func(line int, err error) {
		if told++; told <= limit {
			u.Notef("%s: line %d: %v", name, line, err)
		}
	})
	if told > limit {
		u.Notef("%s: and %d lines more", name, told-limit)
	}
	if err != nil && !errors.As(err, new(*fs.PathError)) {
		err = fmt.Errorf("%s: %w", name, err)
	}
	return in, err
}

// pipe returns the input if it can be read only once, or nil if it is a regular file.
func (o *options) pipe(u *ui.UI) (io.Reader, error) {
	if o.in == "-" {
		return u.In, nil
	}
	st, err := os.Stat(o.in)
	switch {
	case err != nil:
		return nil, err
	case st.IsDir():
		return nil, fmt.Errorf("%s: is a directory", o.in)
	case st.Mode().IsRegular():
		return nil, nil
	}
	return os.Open(o.in)
}

// spool copies a pipe to a temporary file.
func spool(r io.Reader) (path string, err error) {
	f, err := os.CreateTemp("", "alpaca-batch-*.jsonl")
	if err != nil {
		return "", err
	}
	_, err = io.Copy(f, r)
	if err = errors.Join(err, f.Close()); err != nil {
		os.Remove(f.Name())
		return "", err
	}
	return f.Name(), nil
}

// output is the file, or stdout, that gets the results.
type output struct {
	*jobs.Output
	sorted string // the file to sort at the end; "": none
	stdout bool   // sorted is a temporary file, whose results go to stdout at the end
}

// output opens the output. From src it removes the requests that already have a result in the
// output.
func (o *options) output(u *ui.UI, src *source, meta *jobs.Meta) (*output, error) {
	out := &output{}
	path := o.out
	switch {
	case path == "-" && o.order != "input":
		out.Output = jobs.NewOutput(u.Out)
		return out, nil
	case path == "-":
		f, err := os.CreateTemp("", "alpaca-batch-*.jsonl")
		if err != nil {
			return nil, err
		}
		f.Close()
		path, out.stdout = f.Name(), true
	default:
		if err := meta.Claim(path, o.force); err != nil {
			return nil, ui.WithHint(err, "give another -o to start over; with --force the run resumes, and the file then mixes results of the old and the new settings")
		}
	}
	if o.order == "input" {
		out.sorted = path
	}
	var err error
	if out.Output, err = jobs.OpenOutput(path, src, o.again); err != nil {
		out.close()
		return nil, err
	}
	return out, nil
}

// sort puts the results in the order of their requests.
func (o *output) sort(in *jobs.Input, stdout io.Writer) error {
	if o.stdout {
		_, err := jobs.Merge(in, []string{o.sorted}, stdout)
		return err
	}
	return jobs.SortOutput(in, o.sorted)
}

func (o *output) close() {
	if o.Output != nil {
		o.Output.Close()
	}
	if o.stdout {
		os.Remove(o.sorted)
	}
}
