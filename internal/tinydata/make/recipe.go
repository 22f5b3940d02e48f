package main

import (
	"fmt"
	"path/filepath"
)

// recipe is all that the model's file follows from. The number of threads is no part of
// it: it changes no bit.
type recipe struct {
	seed     uint64
	examples int    // of the text
	shape    string // WIDTHxLAYERS
	vocab    int    // tokens in the vocabulary
	length   int    // tokens in a row, and the model's context
	rows     int    // of an update
	rate     string // of learning, at its peak
	tokens   string // that are learned from, such as 60M
	typ      string // of the weights in the end
}

// shipped is how the model in the program was made.
var shipped = recipe{
	seed: 1, examples: 1_000_000, shape: "192x6", vocab: 2048, length: 256, rows: 8, rate: "2.5e-3", tokens: "20M", typ: "Q8_0",
}

// weightsSeed is added to the seed of the text for that of weights and order.
const weightsSeed = 41

// metadata is what the model says about itself. It answers best at a low temperature: what
// is right is then always said, and stories still differ.
var metadata = []string{
	"general.name=str:Alpaca Tiny",
	"general.description=str:A small model that answers simple tasks and tells stories. Trained by alpaca train on text that the project's own generator writes.",
	"general.sampling.temp=float:0.3",
}

// Files in the folder that the model is made in.
const (
	textName  = "text.jsonl"
	modelName = "model-f32.gguf"
	runName   = "train"
)

// train returns the arguments of alpaca that train the model in a folder with the text,
// or go on where they were interrupted.
func (r *recipe) train(dir string, resume bool, threads int) []string {
	run := filepath.Join(dir, runName)
	args := []string{"train", "--resume", run}
	if !resume {
		args = []string{"train", "--init", r.shape, "--vocab", fmt.Sprint(r.vocab), "--preset", "scratch", "--max-length", fmt.Sprint(r.length),
			"--batch-size", fmt.Sprint(r.rows), "--lr", r.rate, "--tokens", r.tokens, "--seed", fmt.Sprint(r.seed + weightsSeed), "--eval-split", "0.02", "--run-dir", run,
			"--data", filepath.Join(dir, textName), "--outtype", "f32", "-o", filepath.Join(dir, modelName)}
	}
	return withThreads(args, threads)
}

// quantize returns the arguments that make the file in the program of the trained model.
func (r *recipe) quantize(dir, out string, threads int) []string {
	args := []string{"quantize", filepath.Join(dir, modelName), out, r.typ, "--force",
		"--override-kv", fmt.Sprintf("llama.context_length=int:%d", r.length)} // training writes twice that
	for _, m := range metadata {
		args = append(args, "--override-kv", m)
	}
	return withThreads(args, threads)
}

// withThreads adds a number of threads, unless that is 0: the program's default.
func withThreads(args []string, threads int) []string {
	if threads > 0 {
		args = append(args, "-t", fmt.Sprint(threads))
	}
	return args
}
