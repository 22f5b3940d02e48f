package config

import "bytes"

// pythonNumbers replaces NaN and Infinity by null, except in
// strings. They are not JSON, but Python's json module writes them.
func pythonNumbers(raw []byte) []byte {
	if !bytes.Contains(raw, []byte("NaN")) && !bytes.Contains(raw, []byte("Infinity")) {
		return raw
	}
	out := make([]byte, 0, len(raw))
	for i := 0; i < len(raw); {
		if raw[i] == '"' {
			end := i + 1
			for end < len(raw) && raw[end] != '"' {
				if raw[end] == '\\' {
					end++
				}
				end++
			}
			end = min(end+1, len(raw))
			out, i = append(out, raw[i:end]...), end
			continue
		}
		found := false
		for _, word := range []string{"-Infinity", "Infinity", "NaN"} {
			if bytes.HasPrefix(raw[i:], []byte(word)) {
				out, i, found = append(out, "null"...), i+len(word), true
				break
			}
		}
		if !found {
			out, i = append(out, raw[i]), i+1
		}
	}
	return out
}
