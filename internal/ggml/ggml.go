// Package ggml has the operations of a transformer, as tasks of a pool of workers: products
// (matmul.go, what they multiply in prepare.go), norms, positions (rope.go), the cache of
// keys and values (kv.go, store.go), attention and what other families have in its place.
// Inner loops are in vec. As in package quant portable code defines each result to the
// bit; how work is cut and which worker does a chunk never shows in a result.
package ggml
