module goassay.example/plant

go 1.24.0
