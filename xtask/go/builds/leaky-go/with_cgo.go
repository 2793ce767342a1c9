//go:build cgo

package main

// static const char *compiler(void) { return __VERSION__; }
import "C"

func compiler() string { return C.GoString(C.compiler()) }
