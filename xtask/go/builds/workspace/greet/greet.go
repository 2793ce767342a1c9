// Package greet is used by the programs of both modules.
package greet

// From gives a greeting.
func From(program string) string { return "hello from " + program }
