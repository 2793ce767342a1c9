//go:build !cgo

package main

func compiler() string { return "none" }
