// Command headers prints what PE and Mach-O headers say, as the standard library (debug/pe, debug/macho) and, for what
// that does not read, github.com/blacktop/go-macho see it: one JSON object a file. It is the second opinion of
// `cargo xtask test-peers`.
package main

import (
	"bytes"
	"debug/macho"
	"debug/pe"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"os"
	"slices"
	"strings"

	gomacho "github.com/blacktop/go-macho"
	"github.com/blacktop/go-macho/pkg/codesign/types"
)

type facts map[string]string

func main() {
	all := map[string]facts{}
	for _, name := range os.Args[1:] {
		found, err := read(name)
		if err != nil {
			fmt.Fprintf(os.Stderr, "%s: %v\n", name, err)
			os.Exit(1)
		}
		all[name] = found
	}
	if err := json.NewEncoder(os.Stdout).Encode(all); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func read(name string) (facts, error) {
	data, err := os.ReadFile(name)
	if err != nil {
		return nil, err
	}
	if bytes.HasPrefix(data, []byte("MZ")) {
		return readPE(data)
	}
	return readMachO(data)
}

func (f facts) flag(name string, set bool) { f[name] = fmt.Sprint(set) }

func readPE(data []byte) (facts, error) {
	file, err := pe.NewFile(bytes.NewReader(data))
	if err != nil {
		return nil, err
	}
	defer file.Close()
	var characteristics, subsystem uint16
	var directories []pe.DataDirectory
	switch header := file.OptionalHeader.(type) {
	case *pe.OptionalHeader32:
		characteristics, subsystem = header.DllCharacteristics, header.Subsystem
		directories = header.DataDirectory[:header.NumberOfRvaAndSizes]
	case *pe.OptionalHeader64:
		characteristics, subsystem = header.DllCharacteristics, header.Subsystem
		directories = header.DataDirectory[:header.NumberOfRvaAndSizes]
	}
	f := facts{"subsystem": fmt.Sprint(subsystem)}
	for name, bit := range map[string]uint16{
		"dynamic_base":    pe.IMAGE_DLLCHARACTERISTICS_DYNAMIC_BASE,
		"high_entropy_va": pe.IMAGE_DLLCHARACTERISTICS_HIGH_ENTROPY_VA,
		"nx_compat":       pe.IMAGE_DLLCHARACTERISTICS_NX_COMPAT,
		"guard_cf":        pe.IMAGE_DLLCHARACTERISTICS_GUARD_CF,
		"no_seh":          pe.IMAGE_DLLCHARACTERISTICS_NO_SEH,
		"force_integrity": pe.IMAGE_DLLCHARACTERISTICS_FORCE_INTEGRITY,
	} {
		f.flag(name, characteristics&bit != 0)
	}
	f.flag("relocatable", file.Characteristics&pe.IMAGE_FILE_RELOCS_STRIPPED == 0 && directories[pe.IMAGE_DIRECTORY_ENTRY_BASERELOC].Size > 0)
	f.flag("authenticode", directories[pe.IMAGE_DIRECTORY_ENTRY_SECURITY].Size > 0)
	f.flag("code_view", directories[pe.IMAGE_DIRECTORY_ENTRY_DEBUG].Size > 0)
	symbols, err := file.ImportedSymbols()
	if err != nil {
		return nil, err
	}
	var dlls []string
	for _, symbol := range symbols {
		if _, dll, ok := strings.Cut(symbol, ":"); ok && !slices.Contains(dlls, dll) {
			dlls = append(dlls, dll)
		}
	}
	slices.Sort(dlls)
	f["dlls"] = strings.Join(dlls, " ")
	var both, debug []string
	for _, section := range file.Sections {
		if c := section.Characteristics; c&pe.IMAGE_SCN_MEM_WRITE != 0 && c&pe.IMAGE_SCN_MEM_EXECUTE != 0 {
			both = append(both, section.Name)
		}
		if data, err := section.Data(); err == nil {
			// What is behind the virtual size pads the section to the alignment of the file.
			data = data[:min(len(data), int(section.VirtualSize))]
			debug = append(debug, describe(section.Name, data)...)
		}
	}
	f["writable_executable"] = strings.Join(both, " ")
	f["debug_sections"] = strings.Join(debug, " ")
	f["symbols"] = fmt.Sprint(len(file.COFFSymbols))
	return f, nil
}

// describe gives name, bytes in the file and bytes after decompression of a section that is one of DWARF.
func describe(name string, data []byte) []string {
	plain := strings.TrimLeft(name, "._")
	if !strings.HasPrefix(plain, "debug_") && !strings.HasPrefix(plain, "zdebug_") {
		return nil
	}
	uncompressed := uint64(len(data))
	if plain[0] == 'z' && len(data) >= 12 && string(data[:4]) == "ZLIB" {
		uncompressed = binary.BigEndian.Uint64(data[4:])
	}
	return []string{fmt.Sprintf("%s:%d:%d", name, len(data), uncompressed)}
}

func readMachO(data []byte) (facts, error) {
	file, err := macho.NewFile(bytes.NewReader(data))
	if err != nil {
		return nil, err
	}
	defer file.Close()
	f := facts{}
	f.flag("pie", file.Flags&macho.FlagPIE != 0)
	f.flag("no_heap_execution", file.Flags&macho.FlagNoHeapExecution != 0)
	f.flag("allow_stack_execution", file.Flags&macho.FlagAllowStackExecution != 0)
	var dylibs, rpaths, both, debug []string
	for _, load := range file.Loads {
		switch load := load.(type) {
		case *macho.Dylib:
			dylibs = append(dylibs, load.Name)
		case *macho.Rpath:
			rpaths = append(rpaths, load.Path)
		case *macho.Segment:
			if load.Prot&6 == 6 || load.Maxprot&6 == 6 {
				both = append(both, fmt.Sprintf("%s:%d:%d", load.Name, load.Prot, load.Maxprot))
			}
		}
	}
	restrict := false
	for _, section := range file.Sections {
		restrict = restrict || section.Seg == "__RESTRICT" && section.Name == "__restrict"
		if section.Seg == "__DWARF" {
			data, err := section.Data()
			if err != nil {
				return nil, err
			}
			debug = append(debug, describe(section.Name, data)...)
		}
	}
	f.flag("restrict", restrict)
	f["dylibs"] = strings.Join(dylibs, " ")
	f["rpaths"] = strings.Join(rpaths, " ")
	f["writable_executable"] = strings.Join(both, " ")
	f["debug_sections"] = strings.Join(debug, " ")
	f["symbols"] = "0"
	if file.Symtab != nil {
		f["symbols"] = fmt.Sprint(len(file.Symtab.Syms))
	}
	return f, readMore(data, f)
}

// readMore adds what debug/macho does not read.
func readMore(data []byte, f facts) error {
	file, err := gomacho.NewFile(bytes.NewReader(data))
	if err != nil {
		return err
	}
	defer file.Close()
	f["uuid"] = "none"
	if uuid := file.UUID(); uuid != nil {
		f["uuid"] = hex.EncodeToString(uuid.UUID[:])
	}
	f["build_version"] = "none"
	if min := file.VersionMin(); min != nil {
		f["build_version"] = fmt.Sprintf("%d", uint32(min.Version))
	}
	if versions := file.BuildVersions(); len(versions) > 0 {
		f["build_version"] = fmt.Sprintf("%d", uint32(versions[0].Minos))
	}
	f["signature"] = "none"
	signature := file.CodeSignature()
	if signature == nil || len(signature.CodeDirectories) == 0 {
		return nil
	}
	directory := signature.CodeDirectories[0]
	flags := directory.Header.Flags
	switch {
	case len(signature.CMSSignature) > 0 && flags&types.ADHOC == 0:
		f["signature"] = "cms"
	case flags&types.LINKER_SIGNED != 0:
		f["signature"] = "linker"
	default:
		f["signature"] = "ad-hoc"
	}
	f["identifier"], f["team"] = directory.ID, directory.TeamID
	f.flag("hardened_runtime", flags&types.RUNTIME != 0)
	f.flag("library_validation", flags&types.REQUIRE_LV != 0)
	return nil
}
