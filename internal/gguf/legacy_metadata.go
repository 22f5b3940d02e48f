package gguf

import (
	"path/filepath"
	"strings"
)

// Context lengths are not in the files: LLaMA's was 2048, LLaMA 2's 4096.
const (
	llama1Context = 2048
	llama2Context = 4096
)

// metadata returns what GGUF metadata would say about the model f, of which l
// is the first part.
func (l *legacyFile) metadata(f *File, opt Options) ([]KV, error) {
	p := l.hparams
	file := filepath.Base(l.im.path)
	heads := p.Heads // of keys and values
	if len(f.Tensors) > 0 {
		f.index()
		heads = int32(f.Tensor("blk.0.attn_k.weight").Rows()) / (p.Embd / p.Heads)
	}
	context := uint32(llama1Context)
	if heads != p.Heads {
		context = llama2Context // only LLaMA 2 shares heads
	}
	kv := []KV{
		{"general.architecture", Str("llama")},
		{"general.name", Str(strings.TrimSuffix(file, filepath.Ext(file)))},
		{"general.file_type", U32(uint32(p.FType % 1000))},
		{"general.source.format", Str(f.Container())},
		{"general.source.file", Str(file)},
		{"llama.vocab_size", U32(uint32(p.Vocab))},
		{"llama.context_length", U32(context)},
		{"llama.embedding_length", U32(uint32(p.Embd))},
		{"llama.block_count", U32(uint32(p.Layers))},
		{"llama.attention.head_count", U32(uint32(p.Heads))},
		{"llama.rope.dimension_count", U32(uint32(p.Embd / p.Heads))},
	}
	if len(f.Tensors) > 0 {
		kv = append(kv, KV{"llama.feed_forward_length", U32(uint32(f.Tensor("blk.0.ffn_gate.weight").Rows()))})
	}
	eps := opt.Eps
	if eps == 0 {
		eps = l.eps(heads)
	}
	if l.format == "ggml" {
		// Its programs took a prompt as it was. Those of the later containers
		// put a space in front, as has been usual since.
		kv = append(kv, KV{"tokenizer.ggml.add_space_prefix", Bool(false)})
	}
	texts, types := l.vocab.tokens()
	return append(kv,
		KV{"llama.attention.head_count_kv", U32(uint32(heads))},
		KV{"llama.attention.layer_norm_rms_epsilon", F32(eps)},
		KV{"tokenizer.ggml.model", Str("llama")},
		KV{"tokenizer.ggml.tokens", Strs(texts)},
		KV{"tokenizer.ggml.scores", F32s(l.vocab.allScores())},
		KV{"tokenizer.ggml.token_type", I32s(types)},
		KV{"tokenizer.ggml.bos_token_id", U32(bosToken)},
		KV{"tokenizer.ggml.eos_token_id", U32(eosToken)},
		KV{"tokenizer.ggml.unknown_token_id", U32(unkToken)},
	), nil
}

// eps returns the epsilon of the norms, which no file holds: what the programs
// computed with while they wrote this container. A model that shares heads is
// LLaMA 2, which was trained with 1e-5.
func (l *legacyFile) eps(kvHeads int32) float32 {
	if l.format == "ggml" || kvHeads != l.hparams.Heads {
		return 1e-5
	}
	return 1e-6
}
