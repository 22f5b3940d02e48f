// Package place knows the folders that hold models: Hugging Face's cache, our own store,
// Ollama's and LM Studio's. It reads the environment variables of the programs that own the
// folders, in the order in which those programs do.
package place

import (
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
)

// Places are the folders with models. They need not exist.
type Places struct {
	Hub      string   // Hugging Face's cache, to which models of Hugging Face are pulled
	Hubs     []string // Hub, and other caches of that layout, which are only read
	Own      string   // our own store: files of URLs, models of Ollama's registry, records
	Ollama   []string // read only
	LMStudio []string // read only
	Tokens   []string // files that may hold the Hub's token; the first that exists is used
}

// Env returns the value of an environment variable, as os.Getenv does.
type Env func(name string) string

// Find returns the places that the environment names, or their defaults.
func Find(env Env) (Places, error) {
	home, err := os.UserHomeDir()
	if err != nil {
		return Places{}, fmt.Errorf("the folder for models is unknown: %w", err)
	}
	return find(env, home, runtime.GOOS), nil
}

func find(env Env, home, system string) Places {
	get := func(names ...string) string {
		for _, name := range names {
			if v := env(name); v != "" {
				return expand(v, home)
			}
		}
		return ""
	}
	or := func(a string, b ...string) string {
		if a != "" {
			return a
		}
		return filepath.Join(b...)
	}
	hfHome := or(get("HF_HOME"), or(get("XDG_CACHE_HOME"), home, ".cache"), "huggingface")
	p := Places{Hub: or(get("ALPACA_HF_CACHE", "HF_HUB_CACHE", "HUGGINGFACE_HUB_CACHE"), hfHome, "hub")}
	p.Hubs = []string{p.Hub}
	if llama := get("LLAMA_CACHE"); llama != "" && llama != p.Hub {
		p.Hubs = append(p.Hubs, llama)
	}
	if path := get("HF_TOKEN_PATH"); path != "" {
		p.Tokens = append(p.Tokens, path)
	}
	p.Tokens = append(p.Tokens, filepath.Join(hfHome, "token"))

	switch p.Own = get("ALPACA_MODELS"); {
	case p.Own != "":
	case get("XDG_DATA_HOME") != "":
		p.Own = filepath.Join(get("XDG_DATA_HOME"), "alpaca", "models")
	case system == "darwin":
		p.Own = filepath.Join(home, "Library", "Application Support", "alpaca", "models")
	case system == "windows":
		p.Own = filepath.Join(or(get("LocalAppData"), home, "AppData", "Local"), "alpaca", "models")
	default:
		p.Own = filepath.Join(home, ".local", "share", "alpaca", "models")
	}

	p.Ollama = distinct(get("OLLAMA_MODELS"), filepath.Join(home, ".ollama", "models"))
	if system == "linux" {
		p.Ollama = distinct(append(p.Ollama, "/usr/share/ollama/.ollama/models")...)
	}
	p.LMStudio = []string{filepath.Join(home, ".lmstudio", "models"), filepath.Join(home, ".cache", "lm-studio", "models")}
	return p
}

// expand replaces a leading ~ with the home folder.
func expand(path, home string) string {
	if rest, ok := strings.CutPrefix(path, "~"); ok && (rest == "" || os.IsPathSeparator(rest[0])) {
		return filepath.Join(home, rest)
	}
	return path
}

func distinct(paths ...string) (list []string) {
	for _, p := range paths {
		if p != "" && !slices.Contains(list, p) {
			list = append(list, p)
		}
	}
	return list
}
