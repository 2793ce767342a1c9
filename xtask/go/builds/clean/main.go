// Program clean greets.
package main

func main() { println("hello") }
