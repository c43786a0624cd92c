package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"
)

// nextRelease asks the graph; nil when there is nothing to do.
func (a *agent) nextRelease() (*graphNode, error) {
	id := a.identity
	query := url.Values{"basearch": {"x86_64"}, "stream": {"stable"}, "group": {a.config.group}, "node_uuid": {id.uuid},
		"os_version": {id.version}, "os_checksum": {id.checksum}, "platform": {id.platform}}
	if id.digest != "" {
		query.Set("oci", "true")
		query.Set("os_checksum", imageRepository(id.image)+"@"+id.digest)
	}
	if a.config.wariness != "" {
		query.Set("rollout_wariness", a.config.wariness)
	}
	request, err := http.NewRequest(http.MethodGet, strings.TrimSuffix(a.config.baseURL, "/")+"/v1/graph?"+query.Encode(), nil)
	if err != nil {
		return nil, err
	}
	request.Header.Set("Accept", "application/json")
	client := http.Client{Timeout: 30 * time.Second}
	response, err := client.Do(request)
	if err != nil {
		return nil, err
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("server-side error, code %d", response.StatusCode)
	}
	var graph updateGraph
	if err := json.NewDecoder(io.LimitReader(response.Body, 16<<20)).Decode(&graph); err != nil {
		return nil, err
	}
	booted := bootedNode(graph, id)
	if booted == -1 {
		return nil, fmt.Errorf("booted deployment %s not found in the update graph", id.version)
	}
	showDeadEnd(graph.Nodes[booted])
	refused := func(payload string) bool { return a.isDenied(payload) || a.failures[payload] >= deployAttempts }
	return chooseNext(graph, booted, refused, a.config.allowDowngrade), nil
}

func bootedNode(graph updateGraph, id identity) int {
	for i, node := range graph.Nodes {
		if node.Payload == id.checksum || (id.digest != "" && node.Payload == imageRepository(id.image)+"@"+id.digest) {
			return i
		}
	}
	for i, node := range graph.Nodes {
		if node.Version == id.version {
			return i
		}
	}
	return -1
}

// chooseNext follows the edge to the newest release that is not refused.
func chooseNext(graph updateGraph, booted int, refused func(string) bool, allowDowngrade bool) *graphNode {
	var best *graphNode
	for _, edge := range graph.Edges {
		if edge[0] != booted || edge[1] < 0 || edge[1] >= len(graph.Nodes) {
			continue
		}
		node := &graph.Nodes[edge[1]]
		isOlder := age(*node) < age(graph.Nodes[booted])
		if refused(node.Payload) || (isOlder && !allowDowngrade) {
			continue
		}
		if best == nil || age(*node) > age(*best) {
			best = node
		}
	}
	return best
}

func age(node graphNode) int {
	value, _ := strconv.Atoi(node.Metadata[metadataPrefix+"releases.age_index"])
	return value
}

func (a *agent) isDenied(payload string) bool {
	if _, digest, isImage := strings.Cut(payload, "@"); isImage {
		payload = digest
	}
	return a.denied[payload]
}

func showDeadEnd(booted graphNode) {
	reason := booted.Metadata[metadataPrefix+"updates.deadend_reason"]
	if booted.Metadata[metadataPrefix+"updates.deadend"] != "true" {
		os.Remove(deadEndMotd)
		return
	}
	_ = os.MkdirAll(filepath.Dir(deadEndMotd), 0o755)
	_ = os.WriteFile(deadEndMotd, []byte("This release is a dead-end and will not further auto-update: "+reason+"\n"), 0o644)
}

// lock speaks FleetLock, where that is the strategy: any 2xx is a yes.
func (a *agent) lock(step string) error {
	if a.config.strategy != "fleet_lock" {
		return nil
	}
	base, err := url.Parse(a.config.fleetLockURL)
	if err != nil {
		return err
	}
	// A plain join: without a slash at its end, the base's last part is lost. As with the real one.
	target := base.ResolveReference(&url.URL{Path: "v1/" + step})
	body, err := json.Marshal(map[string]any{"client_params": map[string]string{"id": a.identity.uuid, "group": a.config.group}})
	if err != nil {
		return err
	}
	request, err := http.NewRequest(http.MethodPost, target.String(), bytes.NewReader(body))
	if err != nil {
		return err
	}
	request.Header.Set("fleet-lock-protocol", "true")
	client := http.Client{Timeout: 30 * time.Minute}
	response, err := client.Do(request)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	if response.StatusCode/100 == 2 {
		return nil
	}
	var answer struct{ Kind, Value string }
	_ = json.NewDecoder(io.LimitReader(response.Body, 1<<16)).Decode(&answer)
	return fmt.Errorf("server-side error, code %d: %s", response.StatusCode, answer.Value)
}
