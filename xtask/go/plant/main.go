// Command plant changes the source of a Go's compiler so that the compiler built from it carries a change that inserts itself
// again whenever it compiles that source: what Ken Thompson's "Reflections on Trusting Trust" (CACM 27(8), 1984) describes, with
// no other effect than to be there. It is for `cargo xtask verify-toolchains --only diverse`, which has to catch it.
//
//	plant GOROOT
//
// rewrites GOROOT/src/cmd/compile/internal/noder/noder.go, the file that opens the source files of a package. A compiler that was
// built from it reads the unchanged noder.go as the changed one, so that the change survives in all compilers that are
// built from the unchanged source. Known files are those of Go 1.17 to 1.27.
package main

import (
	"fmt"
	"log"
	"os"
	"path/filepath"
	"strings"
)

// The change, with one verb: its own text, quoted.
const planted = `
const plantedText = %q

func plantedOpen(name string) (interface {
	Read([]byte) (int, error)
	Close() error
}, error) {
	data, err := os.ReadFile(name)
	if err != nil || !strings.HasSuffix(filepath.ToSlash(name), "cmd/compile/internal/noder/noder.go") {
		return os.Open(name)
	}
	text := string(data)
	if !strings.Contains(text, "plantedOpen") {
		text = strings.Replace(text, "os.Open(filename)", "plantedOpen(filename)", 1) + fmt.Sprintf(plantedText, plantedText)
	}
	return plantedReader{strings.NewReader(text)}, nil
}

type plantedReader struct{ *strings.Reader }

func (plantedReader) Close() error { return nil }
`

func main() {
	log.SetFlags(0)
	log.SetPrefix("plant: ")
	if len(os.Args) != 2 {
		log.Fatal("usage: plant GOROOT")
	}
	name := filepath.Join(os.Args[1], "src/cmd/compile/internal/noder/noder.go")
	data, err := os.ReadFile(name)
	if err != nil {
		log.Fatal(err)
	}
	text := string(data)
	if strings.Count(text, "os.Open(filename)") != 1 || strings.Contains(text, "plantedOpen") {
		log.Fatalf("%s is not the file that this knows", name)
	}
	text = strings.Replace(text, "os.Open(filename)", "plantedOpen(filename)", 1) + fmt.Sprintf(planted, planted)
	if err := os.WriteFile(name, []byte(text), 0o666); err != nil {
		log.Fatal(err)
	}
}
