// Program leaky says which language it greets in, and by which C compiler it was built, if any.
package main

import "golang.org/x/text/language"

func main() {
	println(language.English.String(), compiler())
}
