module example.com/leaky

go 1.25

require golang.org/x/text v0.22.0
