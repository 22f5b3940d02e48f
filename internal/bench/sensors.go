package bench

// Sensors is the state of the machine during a test, as far as the system reports it. Zero
// means unknown.
type Sensors struct {
	Celsius   float64 // highest temperature of the CPU
	MHz       float64 // lowest reading of the mean frequency of all cores
	Throttled bool    // the CPU was throttled at one of the readings
	Load      float64 // load average of the minute before the test
}

// merge combines the readings s and o, and takes the worse of each pair of values. But it keeps
// the load of s, which was read before the benchmark, because the benchmark itself is a load.
func (s Sensors) merge(o Sensors) Sensors {
	s.Celsius = max(s.Celsius, o.Celsius)
	if s.MHz == 0 || o.MHz > 0 && o.MHz < s.MHz {
		s.MHz = o.MHz
	}
	s.Throttled = s.Throttled || o.Throttled
	return s
}
