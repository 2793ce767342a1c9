// Command owners says how much data each package of an unstripped linux/amd64 Go program can own, at least and at most: by
// the sizes in the symbol table (debug/elf), the packages in the names (debug/gosym), and what the instructions of its
// functions (golang.org/x/arch/x86/x86asm) and the words of its variables refer to where no symbol is. It is the second
// opinion of `cargo xtask bench inspect`, and knows nothing of goassay.
package main

import (
	"cmp"
	"debug/buildinfo"
	"debug/elf"
	"debug/gosym"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"net/url"
	"os"
	"slices"
	"strings"

	"golang.org/x/arch/x86/x86asm"
)

// bytes of data that one package has.
type bytes struct {
	// In symbols of its own.
	Named uint64 `json:"named"`
	// Named, and what it alone refers to.
	Least uint64 `json:"least"`
	// Named, and all that it refers to.
	Most uint64 `json:"most"`
}

type answer struct {
	Sections map[string]uint64 `json:"sections"`
	Packages map[string]*bytes `json:"packages"`
}

// A variable, or a table that is no package's.
type symbol struct {
	start, end uint64
	owner      string
}

// A place without a symbol that something refers to.
type piece struct {
	start, end uint64
	users      map[string]bool
}

type program struct {
	file     *elf.File
	main     string
	sections []*elf.Section
	contents [][]byte
	symbols  []symbol
	pieces   []piece
	// Where symbols start and sections end.
	stops []uint64
}

func main() {
	found, err := read(os.Args[1])
	if err == nil {
		err = json.NewEncoder(os.Stdout).Encode(found)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func read(name string) (*answer, error) {
	file, err := elf.Open(name)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	info, err := buildinfo.ReadFile(name)
	if err != nil {
		return nil, err
	}
	p := &program{file: file, main: info.Path}
	found := &answer{Sections: map[string]uint64{}, Packages: map[string]*bytes{}}
	for _, name := range []string{".rodata", ".noptrdata", ".data"} {
		section := file.Section(name)
		data, err := section.Data()
		if err != nil {
			return nil, err
		}
		p.sections = append(p.sections, section)
		p.contents = append(p.contents, data)
		found.Sections[name] = section.Size
	}
	all, err := file.Symbols()
	if err != nil {
		return nil, err
	}
	p.readSymbols(all)
	if err := p.readReferences(all); err != nil {
		return nil, err
	}
	p.sum(found.Packages)
	return found, nil
}

// The package in a linker name; empty where it has none.
func (p *program) owner(name string) string {
	// What the compiler makes for no package, and the linker's tables.
	for _, start := range []string{"go:", "type:", "$", "runtime.gcbits.", "runtime.gcdata", "runtime.gcbss",
		"runtime.findfunctab", "runtime.firstmoduledata", "runtime.textsectionmap"} {
		if strings.HasPrefix(name, start) {
			return ""
		}
	}
	// A name is never at the start here: gosym takes "go." there for the compiler's mark, which it was until Go 1.19.
	path := (&gosym.Sym{Name: "-" + name}).PackageName()
	path = strings.TrimPrefix(path, "-")
	if path == "main" {
		return p.main
	}
	if plain, err := url.PathUnescape(path); err == nil {
		return plain
	}
	return path
}

// Notes what is in the data sections. Tables have no size: they end where the next symbol starts. The table of string
// constants is left out, because that is what packages refer to.
func (p *program) readSymbols(all []elf.Symbol) {
	tables := []string{"type:*", "go:func.*", "runtime.gcbits.*", "runtime.gcdata", "runtime.gcbss", "runtime.findfunctab"}
	var starts []uint64
	for _, one := range all {
		if p.contains(one.Value) {
			starts = append(starts, one.Value)
		}
	}
	slices.Sort(starts)
	for _, one := range all {
		if !p.contains(one.Value) || elf.ST_TYPE(one.Info) != elf.STT_OBJECT {
			continue
		}
		end := one.Value + one.Size
		if one.Size == 0 && slices.Contains(tables, one.Name) {
			next, _ := slices.BinarySearch(starts, one.Value+1)
			if next == len(starts) {
				continue
			}
			end = starts[next]
		}
		if end > one.Value {
			p.symbols = append(p.symbols, symbol{one.Value, end, p.owner(one.Name)})
		}
	}
	for _, symbol := range p.symbols {
		p.stops = append(p.stops, symbol.start)
	}
	for _, section := range p.sections {
		p.stops = append(p.stops, section.Addr+section.Size)
	}
	slices.Sort(p.stops)
	p.stops = slices.Clip(p.stops)
	slices.SortFunc(p.symbols, func(a, b symbol) int {
		return cmp.Or(cmp.Compare(a.start, b.start), cmp.Compare(a.end, b.end))
	})
}

func (p *program) contains(address uint64) bool {
	for _, section := range p.sections {
		if address >= section.Addr && address-section.Addr < section.Size {
			return true
		}
	}
	return false
}

// The symbol that has an address.
func (p *program) at(address uint64) *symbol {
	behind, _ := slices.BinarySearchFunc(p.symbols, address+1, func(s symbol, a uint64) int { return cmp.Compare(s.start, a) })
	for i := behind - 1; i >= 0 && i >= behind-8; i-- {
		if address < p.symbols[i].end {
			return &p.symbols[i]
		}
	}
	return nil
}

// Follows instructions, then words of data until nothing new is met.
func (p *program) readReferences(all []elf.Symbol) error {
	users := map[uint64]map[string]bool{}
	refer := func(owner string, target uint64) bool {
		if owner == "" || !p.contains(target) || p.at(target) != nil || users[target][owner] {
			return false
		}
		if users[target] == nil {
			users[target] = map[string]bool{}
		}
		users[target][owner] = true
		return true
	}
	text := p.file.Section(".text")
	code, err := text.Data()
	if err != nil {
		return err
	}
	for _, one := range all {
		if elf.ST_TYPE(one.Info) == elf.STT_FUNC && one.Value >= text.Addr && one.Value+one.Size <= text.Addr+text.Size {
			own := code[one.Value-text.Addr:][:one.Size]
			owner := p.owner(one.Name)
			targets(own, one.Value, func(target uint64) { refer(owner, target) })
		}
	}
	for met := true; met; {
		met = false
		p.cut(users)
		p.words(func(at, target uint64) {
			for _, owner := range p.ownersOf(at) {
				met = refer(owner, target) || met
			}
		})
	}
	p.cut(users)
	return nil
}

// What the instructions of a function refer to relative to themselves.
func targets(code []byte, address uint64, refer func(uint64)) {
	for at := 0; at < len(code); {
		inst, err := x86asm.Decode(code[at:], 64)
		if err != nil {
			// Vector instructions that the decoder does not know.
			at++
			continue
		}
		at += inst.Len
		for _, arg := range inst.Args {
			if memory, ok := arg.(x86asm.Mem); ok && memory.Base == x86asm.RIP {
				refer(address + uint64(at) + uint64(memory.Disp))
			}
		}
	}
}

// The packages that own the word at an address.
func (p *program) ownersOf(at uint64) []string {
	if symbol := p.at(at); symbol != nil {
		return []string{symbol.owner}
	}
	behind, _ := slices.BinarySearchFunc(p.pieces, at+1, func(s piece, a uint64) int { return cmp.Compare(s.start, a) })
	if behind == 0 || at >= p.pieces[behind-1].end {
		return nil
	}
	var owners []string
	for owner := range p.pieces[behind-1].users {
		owners = append(owners, owner)
	}
	return owners
}

// Shows all aligned words whose value is an address in data.
func (p *program) words(show func(at, target uint64)) {
	for i, section := range p.sections {
		data := p.contents[i]
		for at := -section.Addr & 7; at+8 <= uint64(len(data)); at += 8 {
			if target := binary.LittleEndian.Uint64(data[at:]); p.contains(target) {
				show(section.Addr+at, target)
			}
		}
	}
}

// Cuts what has no symbol at the places that are referred to.
func (p *program) cut(users map[uint64]map[string]bool) {
	stops := p.stops
	for start := range users {
		stops = append(stops, start)
	}
	slices.Sort(stops)
	stops = slices.Compact(stops)
	p.pieces = p.pieces[:0]
	for i, start := range stops {
		if users[start] != nil && i+1 < len(stops) {
			p.pieces = append(p.pieces, piece{start, stops[i+1], users[start]})
		}
	}
}

func (p *program) sum(packages map[string]*bytes) {
	of := func(owner string) *bytes {
		if packages[owner] == nil {
			packages[owner] = &bytes{}
		}
		return packages[owner]
	}
	end := uint64(0)
	for _, symbol := range p.symbols {
		// A byte counts once, for the first symbol that has it.
		start := max(symbol.start, end)
		end = max(end, symbol.end)
		if symbol.owner == "" || start >= symbol.end {
			continue
		}
		bytes := of(symbol.owner)
		bytes.Named += symbol.end - start
		bytes.Least += symbol.end - start
		bytes.Most += symbol.end - start
		// Variables lie at multiples of up to 32: what that leaves is the variable's, or nobody's.
		if next, _ := slices.BinarySearch(p.stops, symbol.end); next < len(p.stops) && p.stops[next]-symbol.end < 32 {
			bytes.Most += p.stops[next] - symbol.end
		}
	}
	for _, piece := range p.pieces {
		for owner := range piece.users {
			of(owner).Most += piece.end - piece.start
			if len(piece.users) == 1 {
				of(owner).Least += piece.end - piece.start
			}
		}
	}
}
