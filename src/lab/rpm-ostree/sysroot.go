package main

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"sort"
	"strconv"
	"strings"
)

const (
	realOstree    = "/usr/lib/coreos-infra-lab/ostree" // Debian's; /usr/bin/ostree is this program
	stateroot     = "fedora-coreos"
	deployFolder  = "/ostree/deploy/" + stateroot + "/deploy"
	stagedFile    = "/run/ostree/staged-deployment"
	bootedMark    = "/run/ostree-booted"
	loaderEntries = "/boot/loader/entries"
)

// deployment is one entry of the boot order, as the real ostree tells it.
type deployment struct {
	Checksum string
	Serial   int
	Osname   string
	Booted   bool
	Staged   bool
	Locked   bool
	Pinned   bool
	Unlocked string
	Commit   commitObject
	Origin   origin
}

func (d deployment) version() string {
	version, _ := d.Commit.Metadata["version"].(string)
	return version
}

func (d deployment) id() string { return fmt.Sprintf("%s.%d", d.Checksum, d.Serial) }

// base is what `deploy` and `finalize-deployment` compare: the image's digest, or the commit.
func (d deployment) base() string {
	if d.Origin.Image == "" {
		return d.Checksum
	}
	digest, _ := d.Commit.Metadata["ostree.manifest-digest"].(string)
	return digest
}

// loadDeployments asks the real ostree, then reads each one's origin and commit.
func loadDeployments() ([]deployment, error) {
	text, err := runOstree("admin", "status", "--skip-signatures")
	if err != nil {
		return nil, err
	}
	deployments := parseStatus(text)
	staged, _ := os.ReadFile(stagedFile)
	state, _ := parseDict(staged)
	for i := range deployments {
		d := &deployments[i]
		if d.Staged {
			d.Locked, _ = state["locked"].(bool)
		}
		d.Origin = readOrigin(filepath.Join(deployFolder, d.id()+".origin"))
		if d.Commit, err = readCommit(d.Checksum); err != nil {
			return nil, err
		}
	}
	return deployments, nil
}

var statusLine = regexp.MustCompile(`^([* ]) (\S+) ([0-9a-f]{64})\.(\d+)(?: \((.*)\))?$`)

// parseStatus reads `ostree admin status`: `* OS CHECKSUM.SERIAL (staged)`, and indented lines about it.
func parseStatus(text string) []deployment {
	var result []deployment
	for _, line := range strings.Split(text, "\n") {
		if m := statusLine.FindStringSubmatch(line); m != nil {
			serial, _ := strconv.Atoi(m[4])
			result = append(result, deployment{
				Osname: m[2], Checksum: m[3], Serial: serial, Booted: m[1] == "*", Unlocked: "none",
				Staged: strings.Contains(m[5], "staged") || strings.Contains(m[5], "finalization locked"),
			})
			continue
		}
		if len(result) == 0 {
			continue
		}
		last := &result[len(result)-1]
		key, value, _ := strings.Cut(strings.TrimSpace(line), ":")
		switch key {
		case "Pinned":
			last.Pinned = strings.TrimSpace(value) == "yes"
		case "Unlocked":
			last.Unlocked = strings.TrimSpace(value)
		}
	}
	return result
}

func readCommit(checksum string) (commitObject, error) {
	data, err := os.ReadFile(filepath.Join("/ostree/repo/objects", checksum[:2], checksum[2:]+".commit"))
	if err != nil {
		return commitObject{}, err
	}
	return parseCommit(data)
}

// indexOf finds a deployment; -1 when it is not there.
func indexOf(list []deployment, is func(deployment) bool) int {
	for i, d := range list {
		if is(d) {
			return i
		}
	}
	return -1
}

func isBooted(d deployment) bool { return d.Booted }

// pendingAndRollback are ostree's: the first before the booted one, the first after it; -1 for none.
func pendingAndRollback(list []deployment) (pending, rollback int) {
	booted := indexOf(list, isBooted)
	pending, rollback = -1, -1
	if booted > 0 {
		pending = 0
	}
	if booted+1 < len(list) {
		rollback = booted + 1
	}
	return pending, rollback
}

// kernelArguments of an entry: of the staged one from its record, of others from the boot loader's.
func kernelArguments(list []deployment, index int) ([]string, error) {
	if list[index].Staged {
		data, err := os.ReadFile(stagedFile)
		if err != nil {
			return nil, err
		}
		state, err := parseDict(data)
		if kargs, isSet := state["kargs"].([]string); isSet {
			return withoutOstree(kargs), err
		}
		index = indexOf(list, isBooted) // finalization takes them from there
	}
	files, err := filepath.Glob(loaderEntries + "/ostree-*.conf")
	if err != nil {
		return nil, err
	}
	sort.Slice(files, func(a, b int) bool { return entryNumber(files[a]) > entryNumber(files[b]) })
	if list[0].Staged {
		index--
	}
	if index >= len(files) {
		return nil, fmt.Errorf("no boot loader entry for deployment %d", index)
	}
	data, err := os.ReadFile(files[index])
	if err != nil {
		return nil, err
	}
	for _, line := range strings.Split(string(data), "\n") {
		if options, found := strings.CutPrefix(line, "options "); found {
			return withoutOstree(strings.Fields(options)), nil
		}
	}
	return nil, fmt.Errorf("%s has no options", files[index])
}

func withoutOstree(kargs []string) []string {
	kept := []string{}
	for _, karg := range kargs {
		if !strings.HasPrefix(karg, "ostree=") {
			kept = append(kept, karg)
		}
	}
	return kept
}

var entryName = regexp.MustCompile(`ostree-(\d+)-`)

func entryNumber(file string) int {
	m := entryName.FindStringSubmatch(filepath.Base(file))
	if m == nil {
		return 0
	}
	number, _ := strconv.Atoi(m[1])
	return number
}

// runOstree runs the real ostree; its stdout, or an error with the words that it said.
func runOstree(args ...string) (string, error) { return runProgram(exec.Command(realOstree, args...)) }

func runProgram(cmd *exec.Cmd) (string, error) {
	var stdout, stderr strings.Builder
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	if err := cmd.Run(); err != nil {
		words := strings.TrimSpace(stderr.String())
		if words == "" {
			words = err.Error()
		}
		lines := strings.Split(words, "\n")
		return stdout.String(), fmt.Errorf("%s", strings.TrimPrefix(lines[len(lines)-1], "error: "))
	}
	return stdout.String(), nil
}
