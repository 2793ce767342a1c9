#!/bin/sh
# A Go program as most people build it, and with -trimpath.
set -e
mkdir out
CGO_ENABLED=0 go build -o out/paths .
go build -trimpath -o out/program .
