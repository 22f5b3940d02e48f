package gguf

import (
	"path/filepath"
	"strings"

	"alpaca/internal/arch"
)

// Context lengths are not in the files. LLaMA has a context of 2048 tokens, and LLaMA 2 of 4096.
const (
	llama1Context = 2048
	llama2Context = 4096
)

// metadata returns GGUF metadata for the model f. l is its first part.
func (l *legacyFile) metadata(f *File, opt Options) ([]KV, error) {
	p := l.hparams
	file := filepath.Base(l.im.path)
	heads := p.Heads // number of key heads, which is also the number of value heads
	if len(f.Tensors) > 0 {
		f.index()
		heads = int32(f.Tensor(firstKeys).Rows()) / (p.Embd / p.Heads)
	}
	context := llama1Context
	if heads != p.Heads {
		context = llama2Context // only in LLaMA 2 do heads share key heads
	}
	h := arch.Hparams{
		Sizes: arch.Sizes{
			VocabSize: int(p.Vocab), Dim: int(p.Embd), NumHeads: int(p.Heads), NumKVHeads: int(heads),
			KeyDim: int(p.Embd / p.Heads), ValueDim: int(p.Embd / p.Heads), RopeDim: int(p.Embd / p.Heads),
		},
		Context: context, Layers: int(p.Layers), NormEps: opt.Eps,
	}
	if len(f.Tensors) > 0 {
		h.FFNDim = f.Tensor(firstGate).Rows()
	}
	if h.NormEps == 0 {
		h.NormEps = l.eps(heads)
	}
	kv := []KV{
		{"general.architecture", Str(arch.Llama.Name)},
		{"general.name", Str(strings.TrimSuffix(file, filepath.Ext(file)))},
		{KeyFileType, U32(uint32(p.FType % 1000))},
		{"general.source.format", Str(f.Container())},
		{"general.source.file", Str(file)},
	}
	kv = append(kv, Hparams(&arch.Llama, &h)...)
	if l.format == "ggml" {
		// The programs for this container added no space in front of a prompt. The programs for
		// later containers did, and so do current programs.
		kv = append(kv, KV{"tokenizer.ggml.add_space_prefix", Bool(false)})
	}
	texts, types := l.vocab.tokens()
	return append(kv,
		KV{"tokenizer.ggml.model", Str("llama")},
		KV{"tokenizer.ggml.tokens", Strs(texts)},
		KV{"tokenizer.ggml.scores", F32s(l.vocab.allScores())},
		KV{"tokenizer.ggml.token_type", I32s(types)},
		KV{"tokenizer.ggml.bos_token_id", U32(bosToken)},
		KV{"tokenizer.ggml.eos_token_id", U32(eosToken)},
		KV{"tokenizer.ggml.unknown_token_id", U32(unkToken)},
	), nil
}

// eps returns the epsilon of the norms, which the files do not contain. It returns
// the value that programs used when this container was current. A model in which
// query heads share a key head is a LLaMA 2, which was trained with 1e-5.
func (l *legacyFile) eps(kvHeads int32) float32 {
	if l.format == "ggml" || kvHeads != l.hparams.Heads {
		return 1e-5
	}
	return 1e-6
}
