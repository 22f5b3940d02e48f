package machine

// Memory is the memory that this process uses now, in bytes.
type Memory struct {
	Own    int64 // the process's own memory: heap, stacks, KV cache
	Mapped int64 // the parts of mapped files, such as a model, that are in memory; -1: unknown
}
