package main

import "github.com/inconshreveable/mousetrap"

// started says who started the program: on Windows it can be a double click.
func started() string {
	if mousetrap.StartedByExplorer() {
		return "double click"
	}
	return "command line"
}
