module goassay.example/owners

go 1.24.0

require golang.org/x/arch v0.17.0
