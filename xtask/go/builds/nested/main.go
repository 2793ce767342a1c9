// Program nested is that of a module with a major version.
package main

import "fmt"

func main() { fmt.Println("hello from the second major version") }
