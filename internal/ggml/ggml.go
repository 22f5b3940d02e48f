// Package ggml has the operations of a transformer, as tasks of a pool of workers: matrix products
// (matmul.go) and their activations (prepare.go), norms, position embeddings (rope.go), the cache
// of keys and values (kv.go, store.go), attention, and the operations that replace attention in
// some architectures. Inner loops are in vec. Portable code defines every bit of each result, as
// in package quant. Results do not depend on how work is divided among workers.
package ggml
