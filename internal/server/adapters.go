package server

import (
	"net/http"
	"slices"

	"alpaca/internal/openai"
)

// adapterCard is an adapter as llama.cpp's server shows it.
type adapterCard struct {
	ID     int     `json:"id"`
	Path   string  `json:"path"`
	Scale  float32 `json:"scale"`
	Task   string  `json:"task_name"`
	Prompt string  `json:"prompt_prefix"`
}

// adapters lists the adapters with their default scales, which requests may override.
func (s *Server) adapters(w http.ResponseWriter, _ *http.Request) error {
	list := []adapterCard{}
	scales := s.adapterScales()
	for i, l := range s.engine.Model().LoRAs {
		list = append(list, adapterCard{i, l.Path, scales[i], l.Task, l.Prompt})
	}
	return s.send(w, http.StatusOK, list)
}

// setAdapters sets the default scales for all later requests.
func (s *Server) setAdapters(w http.ResponseWriter, r *http.Request) error {
	body, err := s.readBody(w, r)
	if err != nil {
		return err
	}
	list, err := openai.ParseAdapters(body)
	if err != nil {
		return err
	}
	scales, err := s.scalesOf("", list)
	if err != nil {
		return err
	}
	s.mu.Lock()
	s.scales = scales
	s.mu.Unlock()
	return s.send(w, http.StatusOK, map[string]any{"success": true})
}

// adapterScales returns the default scales of all adapters.
func (s *Server) adapterScales() []float32 {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.scales == nil {
		s.scales = s.engine.Model().Scales()
	}
	return slices.Clone(s.scales)
}

// scalesOf returns the scales of all adapters for a list in a request. An adapter that
// is not in the list gets 0. name is the name of the field with the list, for errors.
func (s *Server) scalesOf(name string, list []openai.AdapterScale) ([]float32, error) {
	n := len(s.engine.Model().LoRAs)
	scales := make([]float32, n)
	for _, a := range list {
		if a.ID >= n {
			return nil, openai.Invalid(name, "adapter %d does not exist: the server has %d (--lora)", a.ID, n)
		}
		scales[a.ID] = a.Scale
	}
	return scales, nil
}

// requestScales returns the scales of all adapters for a
// request, or the default scales if the request has none.
func (s *Server) requestScales(g *openai.Generation) ([]float32, error) {
	if len(g.Adapters) == 0 {
		return s.adapterScales(), nil
	}
	return s.scalesOf("lora", g.Adapters)
}
