package server

// pageRoutes returns the paths of the page for browsers.
func (s *Server) pageRoutes() []route { return nil }
