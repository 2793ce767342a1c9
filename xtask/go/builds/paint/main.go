// Program paint prints its arguments in colour: a small command with modules that not every system needs.
package main

import (
	"os"
	"strings"

	"github.com/fatih/color"
)

func main() {
	words := strings.Join(os.Args[1:], " ")
	if words == "" {
		words = "paint: " + started()
	}
	color.New(color.FgGreen).Println(words)
}
