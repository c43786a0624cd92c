package main

import (
	"fmt"
	"os"
	"strings"
)

// origin is where a deployment's updates come from: an ostree refspec or a container image, and what it is pinned to.
type origin struct {
	Refspec        string // fedora:fedora/x86_64/coreos/stable
	OverrideCommit string
	Image          string // ostree-unverified-registry:10.77.0.1:8077/fedora/fedora-coreos:stable
	OverrideDigest string
}

func readOrigin(file string) origin {
	data, _ := os.ReadFile(file)
	return parseOrigin(string(data))
}

// parseOrigin reads the keyfile's section [origin]; the transient one (pinned) is ostree's own.
func parseOrigin(text string) origin {
	var result origin
	section := ""
	for _, line := range strings.Split(text, "\n") {
		line = strings.TrimSpace(line)
		if strings.HasPrefix(line, "[") {
			section = line
			continue
		}
		key, value, found := strings.Cut(line, "=")
		if !found || section != "[origin]" {
			continue
		}
		switch strings.TrimSpace(key) {
		case "refspec", "baserefspec":
			result.Refspec = strings.TrimSpace(value)
		case "override-commit":
			result.OverrideCommit = strings.TrimSpace(value)
		case "container-image-reference":
			result.Image = strings.TrimSpace(value)
		case "container-image-reference-digest":
			result.OverrideDigest = strings.TrimSpace(value)
		}
	}
	return result
}

func (o origin) text() string {
	var b strings.Builder
	b.WriteString("[origin]\n")
	for _, pair := range [][2]string{
		{"refspec", o.Refspec}, {"override-commit", o.OverrideCommit},
		{"container-image-reference", o.Image}, {"container-image-reference-digest", o.OverrideDigest},
	} {
		if pair[1] != "" {
			fmt.Fprintf(&b, "%s=%s\n", pair[0], pair[1])
		}
	}
	return b.String()
}

// remoteAndBranch of an ostree refspec.
func (o origin) remoteAndBranch() (remote, branch string) {
	remote, branch, found := strings.Cut(o.Refspec, ":")
	if !found {
		return "", o.Refspec
	}
	return remote, branch
}

// name is what status calls it.
func (o origin) name() string {
	if o.Image != "" {
		return o.Image
	}
	return o.Refspec
}

var imageTransports = []string{
	"ostree-unverified-registry:", "ostree-unverified-image:docker://", "ostree-image-signed:docker://",
	"ostree-image-signed:registry:", "ostree-remote-registry:fedora:", "ostree-remote-image:fedora:docker://",
}

func isImageReference(text string) bool {
	_, _, found := splitImage(text)
	return found
}

// splitImage cuts `ostree-unverified-registry:` from `host:port/name:tag`.
func splitImage(reference string) (transport, image string, found bool) {
	for _, transport := range imageTransports {
		if image, ok := strings.CutPrefix(reference, transport); ok {
			return transport, image, true
		}
	}
	return "", "", false
}

// imageRepository is the image without tag and digest.
func imageRepository(image string) string {
	image, _, _ = strings.Cut(image, "@")
	if at := strings.LastIndex(image, ":"); at > strings.LastIndex(image, "/") {
		image = image[:at]
	}
	return image
}
