// Package ggml has the operations of a transformer, as tasks of a pool of workers.
//
//	prepare.go    what products multiply: RMSNorm and quantization
//	matmul.go     matrix products and what is fused to their ends
//	regions.go    which rows of a product each worker reads, and in what order
//	norm.go       RMSNorm, SiLU
//	rope.go       rotary position embedding
//	kv.go         how keys and values lie in the cache
//	store.go      keys and values to their positions and into the cache
//	attention.go  attention, block by block
//	softmax.go    the weights of its means
//	kernel.go     which inner loops have kernels
//
// As in package quant the portable code defines each result to the bit. How work
// is cut into chunks and which worker does a chunk never shows in a result.
package ggml
