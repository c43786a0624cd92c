package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"
)

// lookUp finds a version or a checksum in the history of the branch.
func (w *work) lookUp(next origin, revision string) (string, error) {
	args := w.transaction.Args
	remote, branch := next.remoteAndBranch()
	checksum, isChecksum := strings.CutPrefix(revision, "revision=")
	isChecksum = isChecksum || checksumForm.MatchString(revision)
	version := strings.TrimPrefix(revision, "version=")
	if isChecksum {
		if args.SkipBranchCheck {
			return checksum, nil
		}
		w.say("Validating checksum '%s'", checksum)
	} else {
		w.say("Resolving version '%s'", version)
	}
	if args.CacheOnly {
		if _, err := w.run("remote", "summary", remote); err != nil {
			return "", err
		}
	} else if _, err := w.run("pull", "--commit-metadata-only", "--depth=-1", remote, branch); err != nil {
		return "", err
	}
	history, err := runOstree("log", next.Refspec)
	if err != nil {
		return "", err
	}
	found := ""
	for _, entry := range parseLog(history) {
		if (isChecksum && entry.checksum == checksum) || (!isChecksum && entry.version == version) {
			found = entry.checksum
			break
		}
	}
	switch {
	case found != "":
		return found, nil
	case isChecksum:
		return "", fmt.Errorf("Checksum %s not found in %s", checksum, next.Refspec)
	default:
		return "", fmt.Errorf("Version %s not found in %s", version, next.Refspec)
	}
}

type logEntry struct{ checksum, version string }

// parseLog reads `ostree log`, newest first.
func parseLog(text string) []logEntry {
	var entries []logEntry
	for _, line := range strings.Split(text, "\n") {
		if checksum, found := strings.CutPrefix(line, "commit "); found {
			entries = append(entries, logEntry{checksum: strings.TrimSpace(checksum)})
		} else if version, found := strings.CutPrefix(line, "Version:"); found && len(entries) > 0 {
			entries[len(entries)-1].version = strings.TrimSpace(version)
		}
	}
	return entries
}

// pulledTip is what the local copy of the remote's branch says; "" for images and unknown branches.
func pulledTip(o origin) string {
	remote, branch := o.remoteAndBranch()
	if o.Image != "" || remote == "" {
		return ""
	}
	data, _ := os.ReadFile(filepath.Join("/ostree/repo/refs/remotes", remote, branch))
	return strings.TrimSpace(string(data))
}

// refuseDowngrade compares the commits' own times, as the real one does; names and versions say nothing.
func refuseDowngrade(wanted target, merge deployment) error {
	commit, err := readCommit(wanted.commit)
	if err != nil {
		return err
	}
	if commit.Timestamp >= merge.Commit.Timestamp {
		return nil
	}
	prefix := "While pulling " + wanted.base
	if wanted.origin.Image != "" {
		prefix = "While checking against deployment timestamp"
	}
	return fmt.Errorf("%s: Upgrade target revision '%s' with timestamp '%s' is chronologically older than current revision '%s' with timestamp '%s'; use --allow-downgrade to permit",
		prefix, wanted.commit, stamp(commit.Timestamp), merge.Checksum, stamp(merge.Commit.Timestamp))
}

func stamp(seconds uint64) string {
	return time.Unix(int64(seconds), 0).UTC().Format("Mon Jan _2 15:04:05 2006")
}
