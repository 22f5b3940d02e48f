package fetch

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"

	"alpaca/internal/atomicfile"
)

// state says which bytes of a partial file are on the disk, and which content
// they belong to. Its file is written only after these bytes are synced.
type state struct {
	Version int     `json:"version"`
	SHA256  string  `json:"sha256,omitempty"` // expected digest; "": not known
	GitSHA1 string  `json:"git_sha1,omitempty"`
	ETag    string  `json:"etag,omitempty"`
	Size    int64   `json:"size"`
	Piece   int64   `json:"piece"` // size of a part in bytes
	Done    []int64 `json:"done"`  // for each part, the number of bytes fetched, from its beginning

	Hashed int64  `json:"hashed"`         // number of bytes, from the file's beginning, that Hash covers
	Hash   []byte `json:"hash,omitempty"` // the state of the digest after these bytes
}

const stateVersion = 1

// maxState is the size limit of a state file in bytes, and maxPieces the number of parts that
// fit into it.
const (
	maxState  = 8 << 20
	maxPieces = 1 << 18
)

// readState reads a state file and checks that it is consistent.
func readState(path string) (*state, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	data, err := io.ReadAll(io.LimitReader(f, maxState+1))
	if err != nil {
		return nil, err
	}
	return parseState(data)
}

func parseState(data []byte) (*state, error) {
	if len(data) > maxState {
		return nil, fmt.Errorf("the state of the download has more than %d bytes", maxState)
	}
	s := new(state)
	if err := json.Unmarshal(data, s); err != nil {
		return nil, fmt.Errorf("the state of the download is damaged: %w", err)
	}
	if s.Version != stateVersion {
		return nil, fmt.Errorf("the state of the download has version %d, want %d", s.Version, stateVersion)
	}
	if s.Size < 0 || s.Piece <= 0 || int64(len(s.Done)) != pieces(s.Size, s.Piece) {
		return nil, errors.New("the state of the download is inconsistent")
	}
	for i, n := range s.Done {
		if n < 0 || n > s.length(i) {
			return nil, fmt.Errorf("the state of the download claims %d bytes of a part that has %d", n, s.length(i))
		}
	}
	if s.Hashed < 0 || s.Hashed > s.front() {
		return nil, errors.New("the state of the download has a digest of bytes that are missing")
	}
	return s, nil
}

// pieces returns the number of parts of a file.
func pieces(size, piece int64) int64 { return size/piece + min(1, size%piece) }

// pieceFor returns the size of a part in bytes: piece, or more if there would be too many parts.
func pieceFor(size, piece int64) int64 { return max(piece, size/maxPieces+1) }

// length returns the size of part i in bytes when it is complete.
func (s *state) length(i int) int64 { return min(s.Piece, s.Size-int64(i)*s.Piece) }

// front returns the number of bytes before the first gap.
func (s *state) front() (n int64) {
	for i, done := range s.Done {
		n += done
		if done < s.length(i) {
			break
		}
	}
	return n
}

// total returns the number of bytes fetched.
func (s *state) total() (n int64) {
	for _, done := range s.Done {
		n += done
	}
	return n
}

// of returns an error if the partial file cannot be used for job.
func (s *state) of(job Job) error {
	switch {
	case s.Size != job.Size:
		return fmt.Errorf("the file was %d bytes long then, and is %d bytes long now", s.Size, job.Size)
	case s.SHA256 != job.SHA256 || s.GitSHA1 != job.GitSHA1:
		return errors.New("the file has another digest now")
	case job.SHA256 == "" && job.GitSHA1 == "" && job.ETag == "":
		return errors.New("the server does not say whether the file is still the same")
	case job.SHA256 == "" && job.GitSHA1 == "" && s.ETag != job.ETag:
		return errors.New("the server has another version now")
	}
	return nil
}

// resume returns the state of a partial file that job can use, or nil. It removes an unusable
// partial file and logs the reason.
func resume(job Job, log func(format string, args ...any)) (*state, error) {
	s, err := readState(job.Path + StateSuffix)
	if err == nil {
		err = s.of(job)
	}
	if err == nil {
		var st fs.FileInfo
		if st, err = os.Stat(job.Path + PartialSuffix); err == nil && st.Size() != s.Size {
			err = fmt.Errorf("the partial file has %d bytes, should have %d", st.Size(), s.Size)
		}
	}
	switch {
	case err == nil:
		return s, nil
	case !errors.Is(err, fs.ErrNotExist):
		log("%s: the earlier download cannot be resumed: %v", job.Name, err)
	}
	return nil, discard(job.Path)
}

// write writes the state beside the partial file, and replaces an older state.
func (s *state) write(path string) error {
	data, err := json.Marshal(s)
	if err != nil {
		return err
	}
	return atomicfile.WriteFile(path+StateSuffix, data, 0o666)
}
