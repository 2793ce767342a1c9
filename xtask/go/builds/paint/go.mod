module example.com/paint

go 1.22

require (
	github.com/fatih/color v1.18.0
	github.com/inconshreveable/mousetrap v1.1.0
)

require (
	github.com/mattn/go-colorable v0.1.13 // indirect
	github.com/mattn/go-isatty v0.0.20 // indirect
	golang.org/x/sys v0.25.0 // indirect
)
