// Package start ends the program with one clear line where the limit of its
// address space (ulimit -v) leaves too little for it to work in. Go's runtime would
// end it in the middle of something, with pages of its own state. It imports
// almost nothing, so that it is initialized before packages that need memory are.
// Only on Linux does the limit mean something.
package start
