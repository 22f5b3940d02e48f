// Package train trains models of the LLaMA family on a CPU: all weights, low-rank
// adapters on a frozen and perhaps quantized base (LoRA), or a new model. Every number is
// defined by the order of its additions, and no sum crosses workers: so the weights are
// the same to the bit for any number of threads, any size of the micro-batch, and after
// any interruption. Start reading at forward.go, then backward.go and trainer.go.
package train

// real is the precision of a computation: float32 for work, float64 for checking
// gradients.
type real interface{ float32 | float64 }
