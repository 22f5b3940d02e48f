// Program starts and ends. It does nothing else.
package main

import _ "alpaca/internal/machine/start"

func main() {
	println("started")
}
