// Package models implements what commands do with the names of models. It finds
// the file that a name stands for, and checks the file once. It asks whether to
// pull a missing model, shows the progress of a pull, and completes names for the
// shell. Only a pull opens connections, and only if the user has asked for it.
package models

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"time"

	"alpaca/internal/cli/ui"
	"alpaca/internal/store"
	"alpaca/internal/store/advice"
	"alpaca/internal/store/ollama"
	"alpaca/internal/store/place"
	"alpaca/internal/store/ref"
)

// Library returns the models on this machine.
func Library() (*store.Library, error) {
	places, err := place.Find(os.Getenv)
	if err != nil {
		return nil, err
	}
	return &store.Library{Places: places}, nil
}

// Hinted adds an error's advice as a hint.
func Hinted(err error) error {
	if hint := advice.Of(err); hint != "" {
		return ui.WithHint(err, hint)
	}
	return err
}

// Find returns the model that text names. It returns nil without an error if text is a path,
// or may have been meant as one.
func Find(text string) (*store.Model, error) {
	named := ref.IsName(text)
	if !named {
		if _, err := os.Stat(text); err == nil {
			return nil, nil
		}
	}
	lib, err := Library()
	if err != nil {
		if named {
			return nil, err
		}
		return nil, nil
	}
	m, err := lib.Find(text)
	if _, absent := errors.AsType[*store.NotFoundError](err); absent && !named {
		return nil, nil
	}
	return m, absentHint(err)
}

// absentHint returns err. If err says that a model is missing, it adds a hint about how to pull
// the model.
func absentHint(err error) error {
	if e, ok := errors.AsType[*store.NotFoundError](err); ok && ref.IsName(e.Name) && e.Ref.Kind != ref.LMStudio {
		return ui.WithHint(err, "\"alpaca pull "+Quoted(e.Name)+"\" fetches it")
	}
	return Hinted(err)
}

// Quoted quotes a name for a shell, if that is necessary.
func Quoted(name string) string {
	if strings.ContainsAny(name, " '\"$&?*()<>|;\\`") {
		return "'" + strings.ReplaceAll(name, "'", `'\''`) + "'"
	}
	return name
}

// Check compares a model's content with its digest, unless that was done before, and records
// that the model is used. Unless u is nil, it shows the progress on a terminal.
func Check(ctx context.Context, u *ui.UI, m *store.Model) error {
	lib, err := Library()
	if err != nil {
		return err
	}
	start := time.Now()
	err = lib.Verify(ctx, m, func(done, total int64) {
		if u != nil && time.Since(start) > 300*time.Millisecond {
			u.Statusf("checking the digest of %s, only this once: %d %%", m.Name, 100*done/max(total, 1))
		}
	})
	if u != nil {
		u.ClearStatus()
	}
	if _, damaged := errors.AsType[*store.DamagedError](err); damaged {
		if m.Where == store.Hub || m.Where == store.Own {
			return ui.WithHint(err, "\"alpaca pull "+Quoted(m.Name)+"\" fetches it again")
		}
		return ui.WithHint(err, "fetch the model again with the program that downloaded it")
	}
	if err == nil {
		lib.Touch(m)
	}
	return err
}

// Used is a model that a command works with.
type Used struct {
	Path     string          // path of its file
	Name     string          // the name that the user gave; "": the user gave a path
	Settings ollama.Settings // settings that came with a model of Ollama; empty for other models
	Release  func()          // tells other commands that the model is no longer in use
}

// Use finds and checks the model that text names. A path is returned unchanged. If the model
// is missing and mayPull is set, Use asks a user on a terminal whether to pull it.
func Use(u *ui.UI, text string, mayPull bool) (Used, error) {
	m, err := Find(text)
	if e, absent := errors.AsType[*store.NotFoundError](err); absent && mayPull && u.InTTY && u.ErrTTY && e.Ref.Kind != ref.LMStudio {
		if !u.Confirm(fmt.Sprintf("%s is not on this machine: pull it?", ui.Printable(text))) {
			return Used{}, err
		}
		if _, err := Pull(u.Context(), u, text, PullOptions{}); err != nil {
			return Used{}, err
		}
		m, err = Find(text)
	}
	if err != nil {
		return Used{}, err
	}
	if m == nil {
		return Used{Path: text, Release: func() {}}, nil
	}
	release := m.Hold()
	if err := Check(u.Context(), u, m); err != nil {
		release()
		return Used{}, err
	}
	settings, err := m.Settings()
	if err != nil {
		u.Warnf("some of the settings that came with the model cannot be read, and are left out: %v", err)
	}
	return Used{m.Path(), m.Name, settings, release}, nil
}

// Known returns the model on this machine that text names. A missing model is an error.
func Known(text string) (*store.Model, error) {
	lib, err := Library()
	if err != nil {
		return nil, err
	}
	m, err := lib.Find(text)
	if _, absent := errors.AsType[*store.NotFoundError](err); absent {
		if !ref.IsName(text) {
			return nil, ui.WithHint(err, "\"alpaca list\" shows the names")
		}
		return nil, absentHint(err)
	}
	return m, Hinted(err)
}
