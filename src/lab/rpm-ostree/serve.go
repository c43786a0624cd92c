package main

import (
	"encoding/json"
	"fmt"
	"log"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"time"
)

// serveMain serves what a lab has published: `lab-os FOLDER PORT ADDRESS…`. FOLDER has repo (bare), parent (a link to the
// repository of the hosts' first system), registry (images) and releases.json (what the update graph is made of).
func serveMain(args []string) int {
	if len(args) < 3 {
		fmt.Fprintln(os.Stderr, "usage: lab-os FOLDER PORT ADDRESS…")
		return 64
	}
	handler := server{folder: args[0], archive: archive{[]string{filepath.Join(args[0], "repo"), filepath.Join(args[0], "parent")}}}
	failures := make(chan error)
	for _, address := range args[2:] {
		listener, err := listen(net.JoinHostPort(address, args[1]))
		if err != nil {
			log.Print(err)
			return 1
		}
		go func() { failures <- http.Serve(listener, handler) }()
	}
	log.Print(<-failures)
	return 1
}

// listen waits a moment for an address that is just being set, or that a predecessor still holds.
func listen(address string) (listener net.Listener, err error) {
	for i := 0; i < 50; i++ {
		if listener, err = net.Listen("tcp", address); err == nil {
			return listener, nil
		}
		time.Sleep(100 * time.Millisecond)
	}
	return nil, err
}

type server struct {
	folder  string
	archive archive
}

// faults are in FOLDER/faults.json, read anew for each request: {"delayMs": 500} makes every object late, {"status": 503}
// refuses everything.
type faults struct {
	DelayMs int `json:"delayMs"`
	Status  int `json:"status"`
}

func (s server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.Method != http.MethodGet && r.Method != http.MethodHead {
		http.Error(w, "read only", http.StatusMethodNotAllowed)
		return
	}
	var wrong faults
	if data, err := os.ReadFile(filepath.Join(s.folder, "faults.json")); err == nil {
		_ = json.Unmarshal(data, &wrong)
	}
	if wrong.Status != 0 {
		w.WriteHeader(wrong.Status)
		return
	}
	path := r.URL.Path
	if strings.HasPrefix(path, "/objects/") || strings.HasPrefix(path, "/v2/") {
		time.Sleep(time.Duration(wrong.DelayMs) * time.Millisecond)
	}
	switch {
	case s.archive.serve(w, path):
	case path == "/v1/graph":
		s.graph(w, r)
	case strings.HasPrefix(path, "/v2/"):
		s.registry(w, path)
	default:
		http.NotFound(w, r)
	}
}

// registry answers as an OCI registry does, for pulls only.
func (s server) registry(w http.ResponseWriter, path string) {
	if path == "/v2/" {
		_, _ = w.Write([]byte("{}"))
		return
	}
	file := filepath.Join(s.folder, "registry", filepath.Clean("/"+strings.TrimPrefix(path, "/v2/")))
	data, err := os.ReadFile(file)
	if err != nil {
		w.WriteHeader(http.StatusNotFound)
		_, _ = w.Write([]byte(`{"errors":[{"code":"MANIFEST_UNKNOWN","message":"manifest unknown"}]}`))
		return
	}
	if strings.Contains(path, "/manifests/") {
		w.Header().Set("Content-Type", "application/vnd.oci.image.manifest.v1+json")
	}
	_, _ = w.Write(data)
}
