// The reference for the checksum database: golang.org/x/mod/sumdb, asked by xtask/src/peers/sumdb.rs.
//
//	sumdb record URL VKEY MODULE@VERSION...  looks them up and prints every remote file that was read, as JSON
//	sumdb judge                              reads worlds and cases, a JSON value each, and prints a verdict for each case
package main

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"os"
	"strings"
	"sync"

	"golang.org/x/mod/sumdb"
)

// A world is what a server has: files by path, and the key that clients believe in.
type world struct {
	Key   string            `json:"key"`
	Files map[string][]byte `json:"files"`
}

// A message is a world, or a lookup in the last world that came, with some files replaced (null: gone).
type message struct {
	World *world `json:"world"`
	Case  *struct {
		Kept    []byte             `json:"kept"`
		Edits   map[string]*[]byte `json:"edits"`
		Path    string             `json:"path"`
		Version string             `json:"version"`
	} `json:"case"`
}

type verdict struct {
	Lines []string `json:"lines"`
	Kept  []byte   `json:"kept"`
	Error string   `json:"error"`
}

// ops is one client's world: remote files, and what it keeps.
type ops struct {
	mu     sync.Mutex
	key    string
	remote func(path string) ([]byte, error)
	config map[string][]byte
	latest []byte
}

func (o *ops) ReadRemote(path string) ([]byte, error) { return o.remote(path) }

func (o *ops) ReadConfig(file string) ([]byte, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if file == "key" {
		return []byte(o.key), nil
	}
	return o.latest, nil
}

func (o *ops) WriteConfig(file string, old, new []byte) error {
	o.mu.Lock()
	defer o.mu.Unlock()
	if string(old) != string(o.latest) {
		return sumdb.ErrWriteConflict
	}
	o.latest = new
	return nil
}

func (o *ops) ReadCache(string) ([]byte, error) { return nil, errors.New("nothing is cached") }
func (o *ops) WriteCache(string, []byte)        {}
func (o *ops) Log(string)                       {}
func (o *ops) SecurityError(string)             {}

func lookup(o *ops, path, version string) (lines []string, err error) {
	defer func() {
		if e := recover(); e != nil {
			err = fmt.Errorf("panic: %v", e)
		}
	}()
	return sumdb.NewClient(o).Lookup(path, version)
}

func get(url string) ([]byte, error) {
	response, err := http.Get(url)
	if err != nil {
		return nil, err
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("%s: %s", url, response.Status)
	}
	return io.ReadAll(response.Body)
}

func record(base, key string, modules []string) error {
	w := world{Key: key, Files: map[string][]byte{}}
	var mu sync.Mutex
	o := &ops{key: key, remote: func(path string) ([]byte, error) {
		data, err := get(base + path)
		if err == nil {
			mu.Lock()
			w.Files[strings.TrimPrefix(path, "/")] = data
			mu.Unlock()
		}
		return data, err
	}}
	client := sumdb.NewClient(o)
	for _, module := range modules {
		path, version, _ := strings.Cut(module, "@")
		if _, err := client.Lookup(path, version); err != nil {
			return err
		}
	}
	return json.NewEncoder(os.Stdout).Encode(w)
}

func judge() error {
	in := json.NewDecoder(bufio.NewReaderSize(os.Stdin, 1<<20))
	out := bufio.NewWriter(os.Stdout)
	defer out.Flush()
	var current world
	for {
		var m message
		if err := in.Decode(&m); err == io.EOF {
			return nil
		} else if err != nil {
			return err
		}
		if m.World != nil {
			current = *m.World
		}
		if m.Case == nil {
			continue
		}
		files := maps.Clone(current.Files)
		for path, data := range m.Case.Edits {
			if data == nil {
				delete(files, path)
			} else {
				files[path] = *data
			}
		}
		o := &ops{key: current.Key, latest: m.Case.Kept, remote: func(path string) ([]byte, error) {
			data, ok := files[strings.TrimPrefix(path, "/")]
			if !ok {
				return nil, errors.New("there is no " + path)
			}
			return data, nil
		}}
		v := verdict{}
		lines, err := lookup(o, m.Case.Path, m.Case.Version)
		if err != nil {
			v.Error = err.Error()
		}
		v.Lines, v.Kept = lines, o.latest
		if err := json.NewEncoder(out).Encode(v); err != nil {
			return err
		}
	}
}

func main() {
	var err error
	switch {
	case len(os.Args) == 2 && os.Args[1] == "judge":
		err = judge()
	case len(os.Args) > 3 && os.Args[1] == "record":
		err = record(os.Args[2], os.Args[3], os.Args[4:])
	default:
		err = errors.New("usage: sumdb record URL VKEY MODULE@VERSION... | sumdb judge")
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}
