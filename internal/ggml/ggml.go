// Package ggml has the operations of a transformer and the pool of workers that
// runs them on several cores.
//
//	pool.go       workers, tasks, chunks
//	matmul.go     matrix products and what is fused to their ends
//	norm.go       RMSNorm, SiLU
//	rope.go       rotary position embedding
//	kv.go         how keys and values lie in the cache
//	attention.go  attention with an online softmax
//	mathf.go      exp, log, sin, cos: the same bits on every CPU
//	kernel.go     which inner loops have kernels
//
// As in package quant the portable code defines each result to the bit. How work
// is cut into chunks and which worker does a chunk never shows in a result.
package ggml
