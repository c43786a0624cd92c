package main

import (
	"encoding/json"
	"hash/fnv"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"time"
)

// releases.json, as `run lab publish` writes it and people may edit it. The order is that of publishing.
type releaseList struct {
	Stream   string    `json:"stream"`
	Releases []release `json:"releases"`
}

type release struct {
	Version string   `json:"version"`
	Commit  string   `json:"commit"`
	Digest  string   `json:"digest"`
	Barrier string   `json:"barrier"`
	DeadEnd string   `json:"deadEnd"`
	Rollout *rollout `json:"rollout"`
}

type rollout struct {
	StartEpoch      int64   `json:"startEpoch"`
	StartValue      float64 `json:"startValue"`
	DurationMinutes int64   `json:"durationMinutes"`
}

type graphNode struct {
	Version  string            `json:"version"`
	Payload  string            `json:"payload"`
	Metadata map[string]string `json:"metadata"`
}

type updateGraph struct {
	Nodes []graphNode `json:"nodes"`
	Edges [][2]int    `json:"edges"`
}

const metadataPrefix = "org.fedoraproject.coreos."

// graph answers GET /v1/graph as Fedora's policy engine does: 400 without basearch or stream, 404 for another stream.
func (s server) graph(w http.ResponseWriter, r *http.Request) {
	query := r.URL.Query()
	if query.Get("basearch") == "" || query.Get("stream") == "" {
		w.WriteHeader(http.StatusBadRequest)
		return
	}
	var list releaseList
	data, err := os.ReadFile(filepath.Join(s.folder, "releases.json"))
	if err == nil {
		err = json.Unmarshal(data, &list)
	}
	if err != nil && !os.IsNotExist(err) {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	if query.Get("stream") != "stable" || query.Get("basearch") != "x86_64" {
		w.WriteHeader(http.StatusNotFound)
		return
	}
	repository := ""
	if query.Get("oci") == "true" {
		repository = r.Host + "/fedora/fedora-coreos"
	}
	w.Header().Set("Content-Type", "application/json")
	wariness := warinessOf(query.Get("rollout_wariness"), query.Get("node_uuid"))
	_ = json.NewEncoder(w).Encode(buildGraph(list.Releases, repository, wariness, time.Now()))
}

// warinessOf: what the client says, else a number that stays the same for it.
func warinessOf(given, node string) float64 {
	if value, err := strconv.ParseFloat(given, 64); err == nil {
		return min(max(value, 0), 1)
	}
	if node == "" {
		return 0
	}
	hash := fnv.New32a()
	_, _ = hash.Write([]byte(node))
	return float64(hash.Sum32()%1000) / 1000
}

// buildGraph: repository "" gives the graph of ostree commits, else that of images in it.
func buildGraph(all []release, repository string, wariness float64, now time.Time) updateGraph {
	var chosen []release
	for _, one := range all {
		if (repository == "") == (one.Digest == "") {
			chosen = append(chosen, one)
		}
	}
	result := updateGraph{Nodes: []graphNode{}, Edges: [][2]int{}}
	for i, one := range chosen {
		result.Nodes = append(result.Nodes, nodeOf(one, i, repository))
	}
	for to, one := range chosen {
		isOffered := isTarget(chosen, to, now) && wariness <= progress(one, now)
		if one.Barrier == "" && !isOffered {
			continue
		}
		// Nobody skips a barrier: what is older than the last one before this release has no edge to it.
		for from := lastBarrier(chosen, to); from < to; from++ {
			if chosen[from].DeadEnd == "" {
				result.Edges = append(result.Edges, [2]int{from, to})
			}
		}
	}
	return result
}

func nodeOf(one release, age int, repository string) graphNode {
	node := graphNode{Version: one.Version, Payload: one.Commit, Metadata: map[string]string{}}
	set := func(key, value string) { node.Metadata[metadataPrefix+key] = value }
	set("scheme", "checksum")
	set("releases.age_index", strconv.Itoa(age))
	if repository != "" {
		node.Payload = repository + "@" + one.Digest
		set("scheme", "oci")
	}
	if one.Barrier != "" {
		set("updates.barrier", "true")
		set("updates.barrier_reason", one.Barrier)
	}
	if one.DeadEnd != "" {
		set("updates.deadend", "true")
		set("updates.deadend_reason", one.DeadEnd)
	}
	if one.Rollout != nil {
		set("updates.rollout", "true")
		set("updates.start_epoch", strconv.FormatInt(one.Rollout.StartEpoch, 10))
		set("updates.start_value", strconv.FormatFloat(one.Rollout.StartValue, 'f', -1, 64))
		set("updates.duration_minutes", strconv.FormatInt(one.Rollout.DurationMinutes, 10))
	}
	return node
}

// isTarget: the newest release that everybody is offered, and those after it that are being rolled out.
func isTarget(list []release, index int, now time.Time) bool {
	if list[index].DeadEnd != "" {
		return false
	}
	for _, later := range list[index+1:] {
		if later.DeadEnd == "" && progress(later, now) >= 1 {
			return false
		}
	}
	return true
}

// progress is the share of the fleet that is offered a release now.
func progress(one release, now time.Time) float64 {
	if one.Rollout == nil {
		return 1
	}
	since := now.Unix() - one.Rollout.StartEpoch
	if since < 0 {
		return 0
	}
	share := one.Rollout.StartValue
	if one.Rollout.DurationMinutes > 0 {
		share += float64(since) / float64(60*one.Rollout.DurationMinutes)
	}
	return min(share, 1)
}

func lastBarrier(list []release, before int) int {
	for i := before - 1; i > 0; i-- {
		if list[i].Barrier != "" {
			return i
		}
	}
	return 0
}
