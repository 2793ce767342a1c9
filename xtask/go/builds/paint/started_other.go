//go:build !windows

package main

// started says who started the program.
func started() string { return "command line" }
