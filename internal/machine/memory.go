package machine

// Memory is what this process takes at the moment, in bytes.
type Memory struct {
	Own    int64 // its own: heap, stacks, KV cache
	Mapped int64 // of mapped files, such as a model, that is in memory; -1: unknown
}
