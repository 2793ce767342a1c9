// Program server is one of two programs of a workspace.
package main

import (
	"fmt"

	"example.com/workspace/greet"
)

func main() { fmt.Println(greet.From("server")) }
