// Program sub is that of a module below another.
package main

import "fmt"

func main() { fmt.Println("hello from the nested module") }
