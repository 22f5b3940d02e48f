package bench

// Sensors is the state of the machine during a test, as far as the system tells.
// Zero means unknown.
type Sensors struct {
	Celsius   float64 // the CPU's temperature, the highest seen
	MHz       float64 // the mean frequency of the cores, the lowest seen
	Throttled bool    // the system held the CPU back
	Load      float64 // processes that wanted to run in the last minute before the test
}

// merge keeps the worse of two readings.
func (s Sensors) merge(o Sensors) Sensors {
	s.Celsius = max(s.Celsius, o.Celsius)
	if s.MHz == 0 || o.MHz > 0 && o.MHz < s.MHz {
		s.MHz = o.MHz
	}
	s.Throttled = s.Throttled || o.Throttled
	return s
}
