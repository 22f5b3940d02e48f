package train

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"unsafe"

	"alpaca/internal/gguf"
	"alpaca/internal/quant"
)

// Record is what a checkpoint holds besides the tensors.
type Record struct {
	Options    json.RawMessage // the command's options, so that the run can resume with the same options
	DataSHA256 string
	BaseSHA256 string    // "" for a new model
	BestEval   float64   // NaN if nothing was evaluated
	Losses     []float32 // the loss of each update
	Evals      []float32 // pairs: an update, and the loss on held-out documents after it
}

// The keys of checkpoints.
const (
	keyStep     = "train.step"
	keyEpoch    = "train.epoch"
	keyRow      = "train.row"
	keySeed     = "train.seed"
	keyTokens   = "train.tokens"
	keyState    = "train.state"
	keyOptions  = "train.options"
	keyData     = "train.data_sha256"
	keyBase     = "train.base_sha256"
	keyBest     = "train.best_eval"
	keyLosses   = "train.losses"
	keyEvals    = "train.evals"
	keyChecksum = "train.tensors_sha256"
)

// Save writes a checkpoint, a GGUF file with the trained tensors in
// float32 and the two moments of each, NAME.m and NAME.v. The file
// appears at path only after it is complete and has been synced to disk.
func (t *Trainer) Save(path string, r *Record) error {
	state, err := json.Marshal(t.State)
	if err != nil {
		return fmt.Errorf("train: %w", err)
	}
	kv := []gguf.KV{
		{Key: "general.architecture", Value: gguf.Str(t.Model.Config.Arch)},
		{Key: "general.type", Value: gguf.Str("checkpoint")},
		{Key: keyStep, Value: gguf.U32(uint32(t.State.Update))},
		{Key: keyEpoch, Value: gguf.U32(uint32(t.at.Epoch))},
		{Key: keyRow, Value: gguf.U32(uint32(t.at.Row))},
		{Key: keySeed, Value: gguf.U64(t.Settings.Plan.Seed)},
		{Key: keyTokens, Value: gguf.U64(uint64(t.State.Tokens))},
		{Key: keyState, Value: gguf.Str(string(state))},
		{Key: keyOptions, Value: gguf.Str(string(r.Options))},
		{Key: keyData, Value: gguf.Str(r.DataSHA256)},
		{Key: keyBase, Value: gguf.Str(r.BaseSHA256)},
		{Key: keyBest, Value: gguf.F64(r.BestEval)},
		{Key: keyLosses, Value: gguf.F32s(r.Losses)},
		{Key: keyEvals, Value: gguf.F32s(r.Evals)},
	}
	var infos []gguf.Tensor
	var data [][]float32
	sum := sha256.New()
	for _, tensor := range t.tensors {
		for _, part := range parts(tensor) {
			infos = append(infos, gguf.Tensor{Name: part.name, Type: quant.F32, Shape: tensor.shape()})
			data = append(data, *part.data)
			sum.Write(bytesOf(*part.data))
		}
	}
	kv = append(kv, gguf.KV{Key: keyChecksum, Value: gguf.Str(hex.EncodeToString(sum.Sum(nil)))})
	w, err := gguf.Create(path, kv, infos)
	if err != nil {
		return fmt.Errorf("train: %w", err)
	}
	defer w.Abort()
	for i, info := range infos {
		if err := w.WriteTensor(info.Name, bytesOf(data[i])); err != nil {
			return fmt.Errorf("train: %w", err)
		}
	}
	if err := w.Commit(); err != nil {
		return fmt.Errorf("train: %w", err)
	}
	return nil
}

type part struct {
	name string
	data *[]float32
}

// parts returns the three tensors that a checkpoint holds for t: its values and moments.
func parts(t *Tensor[float32]) []part {
	return []part{{t.Name, &t.Data}, {t.Name + ".m", &t.M}, {t.Name + ".v", &t.V}}
}

// bytesOf returns the memory of x as bytes. Files are little-endian, and so is every machine that
// this program runs on.
func bytesOf(x []float32) []byte {
	return unsafe.Slice((*byte)(unsafe.Pointer(unsafe.SliceData(x))), 4*len(x))
}

// Checkpoint is an open checkpoint.
type Checkpoint struct {
	Record
	State State

	file *gguf.File
}

// OpenCheckpoint opens and checks the checkpoint at path.
func OpenCheckpoint(path string) (*Checkpoint, error) {
	f, err := gguf.Open(path)
	if err != nil {
		return nil, err
	}
	c := &Checkpoint{file: f}
	if err := gguf.Guard(c.read); err != nil {
		f.Close()
		return nil, fmt.Errorf("train: %s: %w", path, err)
	}
	return c, nil
}

// Close closes the file.
func (c *Checkpoint) Close() error { return c.file.Close() }

func (c *Checkpoint) read() error {
	f := c.file
	text := func(key string) string {
		s, _, _ := f.String(key)
		return s
	}
	state, found, err := f.String(keyState)
	if err != nil || !found {
		return errors.Join(errors.New("not a checkpoint of a training run"), err)
	}
	if err := json.Unmarshal([]byte(state), &c.State); err != nil {
		return fmt.Errorf("key %q: %w", keyState, err)
	}
	if s := c.State; s.Update < 0 || s.Adam < 0 || s.Adam > s.Update || s.Update > math.MaxInt32 {
		return fmt.Errorf("key %q: %d updates, but the optimizer made %d", keyState, s.Update, s.Adam)
	}
	c.Options = json.RawMessage(text(keyOptions))
	c.DataSHA256, c.BaseSHA256 = text(keyData), text(keyBase)
	c.BestEval = math.NaN()
	if best, found, err := f.Float(keyBest); err == nil && found {
		c.BestEval = best
	}
	c.Losses, _, _ = f.Floats(keyLosses)
	c.Evals, _, _ = f.Floats(keyEvals)
	sum := sha256.New()
	for i := range f.Tensors {
		sum.Write(f.Tensors[i].Data)
	}
	if want, got := text(keyChecksum), hex.EncodeToString(sum.Sum(nil)); want != got {
		return fmt.Errorf("damaged: the tensors' SHA-256 is %s, not %s", got, want)
	}
	return nil
}

// Load sets the tensors and the state of t from c. c must come from a run with the same model and
// settings.
func (t *Trainer) Load(c *Checkpoint) error {
	if want := 3 * len(t.tensors); len(c.file.Tensors) != want {
		return fmt.Errorf("train: %s: %d tensors, the run has %d", c.file.Path, len(c.file.Tensors), want)
	}
	return gguf.Guard(func() error {
		for _, tensor := range t.tensors {
			for _, p := range parts(tensor) {
				src := c.file.Tensor(p.name)
				if src == nil || src.Type != quant.F32 || src.Elems() != len(*p.data) {
					return fmt.Errorf("train: %s: tensor %q is missing or of another shape", c.file.Path, p.name)
				}
				quant.Decode(quant.F32, *p.data, src.Data)
			}
		}
		return t.Restore(c.State)
	})
}
