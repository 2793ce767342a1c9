//! The programs that pairs are made of: planted ones, and published modules.

/// A program.
pub(super) struct Program {
    pub(super) name: &'static str,
    pub(super) source: Source,
    /// What is built, from the top of the module.
    pub(super) package: &'static str,
}

/// Where a program's source comes from.
pub(super) enum Source {
    /// Files: path and text. They become a commit.
    Planted(&'static [(&'static str, &'static str)]),
    /// A module, by path and version.
    Module(&'static str),
}

/// No dependencies, a bit of everything.
pub(super) const LOCAL: Program = Program {
    name: "local",
    source: Source::Planted(&[
        ("go.mod", "module example.com/local\n\ngo 1.24\n"),
        (
            "main.go",
            r#"// Local counts words.
package main

import (
	"fmt"
	"os"
	"sort"
	"strings"

	"example.com/local/count"
)

var version = "dev"

var weights = []int{3, 1, 4, 1, 5, 9, 2, 6}

func main() {
	if len(os.Args) < 2 {
		fmt.Println("usage: local WORD...", version)
		os.Exit(2)
	}
	counts := count.Words(strings.Join(os.Args[1:], " "))
	names := make([]string, 0, len(counts))
	for name := range counts {
		names = append(names, name)
	}
	sort.Strings(names)
	for i, name := range names {
		fmt.Println(name, counts[name]*weights[i%len(weights)])
	}
}
"#,
        ),
        (
            "count/count.go",
            r#"// Package count counts.
package count

import "strings"

// Limit is the most that is counted.
const Limit = 100

// Entry is a word.
type Entry struct {
	Name  string
	Count int
}

// Words counts words.
func Words(text string) map[string]int {
	counts := make(map[string]int)
	for _, word := range strings.Fields(text) {
		if counts[word] < Limit {
			counts[word] += weigh(Entry{Name: word, Count: 1})
		}
	}
	return counts
}

//go:noinline
func weigh(entry Entry) int {
	return len(entry.Name)*7 + entry.Count
}
"#,
        ),
        (
            "count/extra.go",
            "//go:build extra\n\npackage count\n\nfunc init() { println(\"extra\") }\n",
        ),
        (
            "prof/main.go",
            r#"// Prof writes a profile of counting.
package main

import (
	"os"
	"runtime/pprof"
	"strings"
	"time"

	"example.com/local/count"
)

func main() {
	text := strings.Repeat("a b c dd ee ff ", 1000)
	if err := pprof.StartCPUProfile(os.Stdout); err != nil {
		panic(err)
	}
	for end := time.Now().Add(time.Second); time.Now().Before(end); {
		count.Words(text)
	}
	pprof.StopCPUProfile()
}
"#,
        ),
    ]),
    package: ".",
};

/// One dependency, two versions of which are published.
pub(super) const CURVE: Program = Program {
    name: "curve",
    source: Source::Planted(&[
        (
            "go.mod",
            "module example.com/curve\n\ngo 1.24\n\nrequire filippo.io/edwards25519 v1.1.0\n",
        ),
        (
            "main.go",
            r#"// Curve multiplies a point.
package main

import (
	"fmt"

	"filippo.io/edwards25519"
)

func main() {
	point := edwards25519.NewGeneratorPoint()
	fmt.Printf("%x\n", point.MultByCofactor(point).Bytes())
}
"#,
        ),
    ]),
    package: ".",
};

/// C code of its own.
pub(super) const WITH_C: Program = Program {
    name: "with-c",
    source: Source::Planted(&[
        ("go.mod", "module example.com/withc\n\ngo 1.24\n"),
        (
            "sum.c",
            r#"#include "sum.h"

long sum(const long *values, int count) {
	long total = 0;
	for (int i = 0; i < count; i++)
		total += values[i] * (i + 1) / 3;
	return total;
}
"#,
        ),
        ("sum.h", "long sum(const long *values, int count);\n"),
        (
            "main.go",
            r#"// Withc sums in C.
package main

// #include "sum.h"
import "C"

import "fmt"

func main() {
	values := []C.long{3, 1, 4, 1, 5}
	fmt.Println(C.sum(&values[0], C.int(len(values))))
}
"#,
        ),
    ]),
    package: ".",
};

/// A small published program with networking.
pub(super) const HEY: Program = Program {
    name: "hey",
    source: Source::Module("github.com/rakyll/hey@v0.1.4"),
    package: ".",
};

/// A published program with a version variable.
pub(super) const AGE: Program = Program {
    name: "age",
    source: Source::Module("filippo.io/age@v1.2.1"),
    package: "./cmd/age",
};

/// A large one.
pub(super) const RESTIC: Program = Program {
    name: "restic",
    source: Source::Module("github.com/restic/restic@v0.18.0"),
    package: "./cmd/restic",
};
