// Program tool is the other: in a module of its own, with a package of the first.
package main

import (
	"fmt"

	"example.com/workspace/greet"
)

func main() { fmt.Println(greet.From("tool")) }
