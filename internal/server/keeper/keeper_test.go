package keeper

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
)

// shelf counts what a keeper does.
type shelf struct {
	mu     sync.Mutex
	events []string
	open   map[string]bool
}

func (s *shelf) keeper(opt Options[string]) *Keeper[string] {
	s.open = map[string]bool{}
	opt.Load = func(_ context.Context, name string) (string, error) {
		time.Sleep(time.Second)
		s.mu.Lock()
		defer s.mu.Unlock()
		s.events = append(s.events, "+"+name)
		if name == "bad" {
			return "", errors.New("damaged")
		}
		if s.open[name] {
			panic(name + " is loaded twice")
		}
		s.open[name] = true
		return "model " + name, nil
	}
	opt.Close = func(model string) {
		s.mu.Lock()
		defer s.mu.Unlock()
		name := model[len("model "):]
		s.events = append(s.events, "-"+name)
		if !s.open[name] {
			panic(name + " is unloaded twice")
		}
		s.open[name] = false
	}
	return New(opt)
}

func (s *shelf) take() (list []string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	list, s.events = s.events, nil
	return list
}

func TestKeeper(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var s shelf
		k := s.keeper(Options[string]{Max: 2, Bytes: 100, KeepAlive: time.Minute, Waiting: 1})
		get := func(name string, size int64) func() {
			t.Helper()
			m, release, err := k.Get(t.Context(), name, size)
			require.NoError(t, err)
			require.Equal(t, "model "+name, m)
			time.Sleep(time.Millisecond)
			return release
		}
		a := get("a", 10)
		get("a", 10)()
		get("b", 10)()
		time.Sleep(time.Millisecond)
		a()
		require.Equal(t, []string{"+a", "+b"}, s.take())
		get("c", 10)()
		require.Equal(t, []string{"-b", "+c"}, s.take(), "b was not used for the longest time, so it must be unloaded")
		get("large", 95)()
		require.Equal(t, []string{"-a", "-c", "+large"}, s.take(), "a and c must both be unloaded to make room")
		huge := get("huge", 1000)
		require.Equal(t, []string{"-large", "+huge"}, s.take(), "a single model may be larger than the limit")
		require.Equal(t, map[string]bool{"huge": true}, k.Loaded())

		// One request waits for room, and another is refused.
		got := make(chan error)
		go func() {
			_, release, err := k.Get(t.Context(), "a", 10)
			if err == nil {
				release()
			}
			got <- err
		}()
		synctest.Wait()
		_, _, err := k.Get(t.Context(), "b", 10)
		require.ErrorIs(t, err, ErrBusy)
		huge()
		require.NoError(t, <-got)
		require.Equal(t, []string{"-huge", "+a"}, s.take())

		_, _, err = k.Get(t.Context(), "bad", 1)
		require.ErrorContains(t, err, "damaged")
		get("b", 1)() // there is room, because the model that failed to load takes none
		require.Equal(t, []string{"+bad", "+b"}, s.take())

		// A model is loaded even if the request for it is cancelled.
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		_, _, err = k.Get(ctx, "c", 1)
		require.ErrorIs(t, err, context.Canceled)
		time.Sleep(2 * time.Second)
		require.Equal(t, []string{"-a", "+c"}, s.take())
		get("c", 1)()
		time.Sleep(59 * time.Second)
		require.True(t, k.Loaded()["c"])
		time.Sleep(2 * time.Second)
		require.Empty(t, k.Loaded(), "models that nobody has used for a minute must be unloaded")
		s.take()

		b := get("b", 1)
		done := make(chan bool)
		go func() { k.Close(); close(done) }()
		synctest.Wait()
		_, _, err = k.Get(t.Context(), "a", 1)
		require.ErrorIs(t, err, ErrClosed)
		require.True(t, s.open["b"], "b is in use, so it must stay loaded")
		b()
		<-done
		require.Equal(t, []string{"+b", "-b"}, s.take())
	})
}

// TestManyUsers checks that no model is loaded twice, or unloaded while it is in use.
func TestManyUsers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var s shelf
		k := s.keeper(Options[string]{Max: 3, KeepAlive: 2 * time.Second, Waiting: 100})
		var all sync.WaitGroup
		for i := range 40 {
			all.Go(func() {
				for j := range 10 {
					name := fmt.Sprint((i + j*j) % 7)
					_, release, err := k.Get(t.Context(), name, 1)
					if err != nil {
						t.Errorf("%v", err)
						return
					}
					time.Sleep(time.Duration(i*j%5) * time.Second)
					s.mu.Lock()
					if !s.open[name] {
						t.Errorf("%s is used although it is not loaded", name)
					}
					s.mu.Unlock()
					release()
				}
			})
		}
		all.Wait()
		k.Close()
	})
}
