package main

import (
	"fmt"
	"path/filepath"
)

// recipe determines every bit of the model's file. The number of
// threads is not a part of the recipe, because it changes no bit.
type recipe struct {
	seed   uint64
	shape  string // WIDTHxLAYERS
	vocab  int    // tokens in the vocabulary
	length int    // tokens in a row (one sequence of a batch), and the model's context
	rows   int    // rows in each update of the weights
	stages []stage
	typ    string // type of the weights in the shipped file
}

// stage is a run of the trainer. The first stage creates the vocabulary and
// the weights. Each later stage continues with the previous stage's weights.
type stage struct {
	mix      string // name of the mix of kinds (see ../mix.go)
	examples int    // number of examples in the text
	tokens   string // number of tokens to train on, such as "60M"
	rate     string // peak learning rate
	lowest   string // final learning rate, or "" for that of the preset
	schedule string // learning rate schedule, or "" for that of the preset
	warmup   int    // updates until the peak rate; 0: as many as in the preset
	heldOut  string // fraction of the text that is held out to measure progress
	updates  int    // updates after which the stage ends; 0: when all tokens are used
	rounded  bool   // the stage begins with weights rounded to the shipped type
}

// shipped is the recipe of the built-in model. Stage 1 trains all kinds, and stage 2
// mostly copying, which a model learns late. Stages 3 and 4 train what each kind still
// needs, with a falling learning rate. After them, the model still copied words only from
// familiar positions. Stage 5 teaches which words belong together. In stage 6, half of
// the examples teach how to find a word by the word beside it. Here the model suddenly
// learned that skill. Stages 7 and 8 restore the skills that got worse in stage 6.
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

// weightsSeed plus the seed of the text is the seed of
// the initial weights and of the order of the examples.
const weightsSeed = 41

// metadata is the general metadata of the model. The temperature is low,
// so that right answers are reliable, but above 0, so that stories differ.
var metadata = []string{
	"general.name=str:Alpaca Tiny",
	"general.description=str:A small model that answers simple tasks and tells stories. Trained by alpaca train on text that the project's own generator writes.",
	"general.sampling.temp=float:0.3",
}

// textName, modelName and runName return the names of a stage's files in the working folder.
func textName(stage int) string  { return fmt.Sprintf("text-%d.jsonl", stage+1) }
func modelName(stage int) string { return fmt.Sprintf("model-%d.gguf", stage+1) }
func runName(stage int) string   { return fmt.Sprintf("train-%d", stage+1) }

// baseName returns the name of the model that stage i begins with. roundedName returns the
// name of the previous stage's model in the shipped type.
func (r *recipe) baseName(i int) string {
	if r.stages[i].rounded {
		return fmt.Sprintf("base-%d.gguf", i+1)
	}
	return modelName(i - 1)
}
func roundedName(stage int) string { return fmt.Sprintf("rounded-%d.gguf", stage+1) }

// round returns the arguments of two runs of alpaca. The first run rounds the previous
// stage's weights to the shipped type. The second run converts the result to float32, and
// stage i begins with it. round returns nil if stage i begins with unrounded weights.
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

// train returns the arguments with which alpaca trains
// stage i in dir, or resumes an interrupted run.
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

// quantize returns the arguments with which alpaca makes the shipped file from the trained model.
func (r *recipe) quantize(dir, out string, threads int) []string {
	args := []string{"quantize", filepath.Join(dir, modelName(len(r.stages)-1)), out, r.typ, "--force"}
	for _, m := range metadata {
		args = append(args, "--override-kv", m)
	}
	return withThreads(args, threads)
}

// withThreads adds the number of threads, unless it is 0: then alpaca uses its default.
func withThreads(args []string, threads int) []string {
	if threads > 0 {
		args = append(args, "-t", fmt.Sprint(threads))
	}
	return args
}
