package main

import (
	"fmt"
	"path/filepath"
)

// recipe is all that the model's file follows from. The number of threads is no part of
// it: it changes no bit.
type recipe struct {
	seed   uint64
	shape  string // WIDTHxLAYERS
	vocab  int    // tokens in the vocabulary
	length int    // tokens in a row, and the model's context
	rows   int    // of an update
	stages []stage
	typ    string // of the weights in the end
}

// stage is a run of the trainer. The first makes vocabulary and weights, each further
// one goes on with the weights of the one before.
type stage struct {
	mix      string // of the kinds in the text
	examples int    // of the text
	tokens   string // that are learned from, such as 60M
	rate     string // of learning, at its peak
	lowest   string // rate at the end, "" for the preset's
	schedule string // of the rate, "" for the preset's
	warmup   int    // updates until the peak, 0 for the preset's
	heldOut  string // part of the text that measures progress
	updates  int    // after which the stage ends, 0 for all that tokens give
	rounded  bool   // it goes on with what the weights are in the program, not with float32
}

// shipped is how the model in the program was made: first of all kinds alike, then with
// most of what is copied from the prompt, which is learned last, then of each kind what it
// still needs, with the rate going down. That was the model for a time, and copied only
// what stood at a familiar place. To find a word by the one beside it, for which names and
// digits wait, came suddenly in the sixth stage, which has little else; the last two bring
// back what that cost.
var shipped = recipe{
	seed: 1, shape: "192x6", vocab: 2048, length: 256, rows: 8, typ: "Q8_0",
	stages: []stage{
		{mix: "all", examples: 1_000_000, tokens: "20M", rate: "2.5e-3", heldOut: "0.02", updates: 4724},
		{mix: "copying", examples: 140_000, tokens: "3M", rate: "2e-3", lowest: "1.5e-3", heldOut: "0.002"},
		{mix: "last", examples: 400_000, tokens: "9M", rate: "2e-3", lowest: "5e-5", heldOut: "0.002", updates: 1889},
		{mix: "last", examples: 110_000, tokens: "2500K", rate: "1.4e-3", lowest: "2e-5", schedule: "linear", warmup: 20, heldOut: "0.002"},
		{mix: "binding", examples: 400_000, tokens: "7M", rate: "2e-3", lowest: "8e-4", heldOut: "0.002", updates: 1711, rounded: true},
		{mix: "pairs", examples: 100_000, tokens: "2M", rate: "2e-3", lowest: "1e-3", warmup: 30, heldOut: "0.002"},
		{mix: "finding", examples: 120_000, tokens: "2400K", rate: "1.6e-3", lowest: "1e-3", warmup: 30, heldOut: "0.002"},
		{mix: "again", examples: 240_000, tokens: "4900K", rate: "1.6e-3", lowest: "2e-5", schedule: "linear", warmup: 30, heldOut: "0.002"},
	},
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

// Files in the folder that the model is made in. Each stage has its number in their names.
func textName(stage int) string  { return fmt.Sprintf("text-%d.jsonl", stage+1) }
func modelName(stage int) string { return fmt.Sprintf("model-%d.gguf", stage+1) }
func runName(stage int) string   { return fmt.Sprintf("train-%d", stage+1) }

// baseName is the model that stage i goes on with, and roundedName that in the program's type.
func (r *recipe) baseName(i int) string {
	if r.stages[i].rounded {
		return fmt.Sprintf("base-%d.gguf", i+1)
	}
	return modelName(i - 1)
}
func roundedName(stage int) string { return fmt.Sprintf("rounded-%d.gguf", stage+1) }

// round returns the arguments, one run of alpaca after the other, that make the base of
// stage i of the model of the stage before, where that is another file.
func (r *recipe) round(dir string, i, threads int) [][]string {
	if !r.stages[i].rounded {
		return nil
	}
	narrow := filepath.Join(dir, roundedName(i))
	return [][]string{
		withThreads([]string{"quantize", filepath.Join(dir, modelName(i-1)), narrow, r.typ, "--force"}, threads),
		withThreads([]string{"quantize", narrow, filepath.Join(dir, r.baseName(i)), "f32", "--force", "--allow-requantize"}, threads),
	}
}

// train returns the arguments of alpaca that train stage i in a folder with its text, or
// go on where that was interrupted.
func (r *recipe) train(dir string, i int, resume bool, threads int) []string {
	s := r.stages[i]
	run := filepath.Join(dir, runName(i))
	args := []string{"train", "--resume", run}
	if !resume {
		args = []string{"train", "--preset", "scratch", "--max-length", fmt.Sprint(r.length), "--batch-size", fmt.Sprint(r.rows),
			"--lr", s.rate, "--tokens", s.tokens, "--seed", fmt.Sprint(r.seed + weightsSeed), "--eval-split", s.heldOut, "--run-dir", run,
			"--data", filepath.Join(dir, textName(i)), "--outtype", "f32", "-o", filepath.Join(dir, modelName(i))}
		if i == 0 {
			args = append(args, "--init", r.shape, "--vocab", fmt.Sprint(r.vocab))
		} else {
			args = append(args, "-m", filepath.Join(dir, r.baseName(i)), "--full")
		}
		if s.lowest != "" {
			args = append(args, "--min-lr", s.lowest)
		}
		if s.schedule != "" {
			args = append(args, "--lr-scheduler", s.schedule)
		}
		if s.warmup > 0 {
			args = append(args, "--warmup-steps", fmt.Sprint(s.warmup))
		}
	}
	if s.updates > 0 {
		args = append(args, "--stop-after", fmt.Sprint(s.updates))
	}
	return withThreads(args, threads)
}

// quantize returns the arguments that make the file in the program of the trained model.
func (r *recipe) quantize(dir, out string, threads int) []string {
	args := []string{"quantize", filepath.Join(dir, modelName(len(r.stages)-1)), out, r.typ, "--force"}
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
