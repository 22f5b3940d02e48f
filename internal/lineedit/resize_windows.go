package lineedit

import "os"

// watchSize returns nil: on Windows a new size takes effect at the next key.
func watchSize() <-chan os.Signal { return nil }
