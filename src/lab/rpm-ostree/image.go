package main

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"regexp"
	"strings"
	"time"
)

// An image of the lab's registry is a real OCI manifest with a config; its content is an ostree commit, which is pulled
// from the same server. The commit that is deployed is made here, with the manifest in its metadata, as ostree-ext does.

const baseCommitLabel = "ostree.commit" // upstream's images have it too

type manifest struct {
	Config struct{ Digest string } `json:"config"`
	Layers []struct {
		Digest string `json:"digest"`
		Size   int64  `json:"size"`
	} `json:"layers"`
}

type imageConfig struct {
	Created time.Time `json:"created"`
	Config  struct {
		Labels map[string]string `json:"Labels"`
	} `json:"config"`
}

var digestForm = regexp.MustCompile(`^sha256:[0-9a-f]{64}$`)

func (w *work) resolveImage(next origin) (*target, error) {
	args := w.transaction.Args
	_, image, _ := splitImage(next.Image)
	shown, reference := next.Image, ""
	if next.OverrideDigest != "" {
		// What is given is pasted behind the @: a version, or revision=…, is no digest.
		if !digestForm.MatchString(next.OverrideDigest) {
			return nil, fmt.Errorf("Preparing import: Fetching manifest: failed to invoke method OpenImage: invalid reference format")
		}
		transport, _, _ := splitImage(next.Image)
		shown, reference = transport+imageRepository(image)+"@"+next.OverrideDigest, next.OverrideDigest
	} else {
		reference = strings.TrimPrefix(strings.TrimPrefix(image, imageRepository(image)), ":")
	}
	w.say("Pulling manifest: %s", shown)
	registry, name, _ := strings.Cut(imageRepository(image), "/")
	raw, err := fetchFrom(registry, "/v2/"+name+"/manifests/"+reference)
	if err != nil {
		return nil, fmt.Errorf("Preparing import: Fetching manifest: %w", err)
	}
	sum := sha256.Sum256(raw)
	digest := "sha256:" + hex.EncodeToString(sum[:])
	if args.CheckOnly {
		return &target{base: digest, origin: next, commit: ""}, nil
	}
	w.say("Importing: %s (digest: %s)", shown, digest)
	commit, err := w.importImage(registry, name, raw, digest)
	if err != nil {
		return nil, err
	}
	return &target{commit: commit, base: digest, origin: next}, nil
}

// importImage has the image's commit here, and on top of it the local one; the same image gives the same commit everywhere.
func (w *work) importImage(registry, name string, raw []byte, digest string) (string, error) {
	var parsed manifest
	if err := json.Unmarshal(raw, &parsed); err != nil {
		return "", fmt.Errorf("Preparing import: Fetching manifest: %w", err)
	}
	rawConfig, err := fetchFrom(registry, "/v2/"+name+"/blobs/"+parsed.Config.Digest)
	if err != nil {
		return "", fmt.Errorf("Preparing import: Fetching config: %w", err)
	}
	var config imageConfig
	if err := json.Unmarshal(rawConfig, &config); err != nil {
		return "", fmt.Errorf("Preparing import: Fetching config: %w", err)
	}
	base := config.Config.Labels[baseCommitLabel]
	if !checksumForm.MatchString(base) {
		return "", fmt.Errorf("Preparing import: No label '%s' in image", baseCommitLabel)
	}
	out, err := w.run("pull", "--url=http://"+registry+"/", "fedora", base)
	if err != nil {
		return "", fmt.Errorf("Importing: %w", err)
	}
	var needed int64
	for _, layer := range parsed.Layers {
		needed += layer.Size
	}
	if strings.Contains(out, " 0 content") || strings.TrimSpace(out) == "" {
		w.say("ostree chunk layers already present: %d", len(parsed.Layers))
	} else {
		w.say("ostree chunk layers needed: %d (%.1f MB)", len(parsed.Layers), float64(needed)/1e6)
		for i, layer := range parsed.Layers {
			w.say("[%d/%d] Fetching ostree chunk %s (%.1f MB)...done", i+1, len(parsed.Layers), layer.Digest[7:26], float64(layer.Size)/1e6)
		}
	}
	commit, err := w.run("commit", "--tree=ref="+base, "--no-bindings", "--parent=none", "--branch=ostree/container/image/"+digest[7:],
		"--timestamp=@"+fmt.Sprint(config.Created.Unix()), "--subject=", "--add-metadata-string=ostree.manifest-digest="+digest,
		"--add-metadata-string=ostree.manifest="+string(raw), "--add-metadata-string=ostree.container.image-config="+string(rawConfig),
		"--add-metadata-string=ostree.importer.version=0.15.3",
		"--add-metadata-string=version="+config.Config.Labels["org.opencontainers.image.version"])
	return strings.TrimSpace(commit), err
}

// fetchFrom asks the registry; its errors are worded as those of the library that the real one uses.
func fetchFrom(registry, path string) ([]byte, error) {
	client := http.Client{Timeout: 5 * time.Minute}
	response, err := client.Get("http://" + registry + path)
	var network *net.OpError
	if errors.As(err, &network) {
		return nil, fmt.Errorf("failed to invoke method OpenImage: pinging container registry %s: Get \"http://%s/v2/\": %w", registry, registry, network)
	}
	if err != nil {
		return nil, err
	}
	defer response.Body.Close()
	body, err := io.ReadAll(io.LimitReader(response.Body, 16<<20))
	if err != nil {
		return nil, err
	}
	if response.StatusCode == http.StatusNotFound {
		return nil, fmt.Errorf("failed to invoke method OpenImage: reading manifest %s: manifest unknown", path[strings.LastIndex(path, "/")+1:])
	}
	if response.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("failed to invoke method OpenImage: reading manifest: %s", response.Status)
	}
	return body, nil
}
