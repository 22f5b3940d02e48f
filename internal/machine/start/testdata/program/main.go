// Program does nothing but start.
package main

import _ "alpaca/internal/machine/start"

func main() {
	println("started")
}
