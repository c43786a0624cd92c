package main

import (
	"encoding/hex"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
)

const statusText = `  fedora-coreos aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa.1 (finalization locked)
    Version: 44.20261115.3.0
    origin refspec: fedora:fedora/x86_64/coreos/stable
* fedora-coreos bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb.0
    Version: 44.20261101.3.0
    Unlocked: transient
    Pinned: yes
    origin refspec: fedora:fedora/x86_64/coreos/stable
  fedora-coreos cccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccc.0 (rollback)
    origin: <unknown origin type>
`

func TestStatusTextIsReadInBootOrder(t *testing.T) {
	list := parseStatus(statusText)
	if len(list) != 3 {
		t.Fatalf("%d deployments", len(list))
	}
	staged, booted, old := list[0], list[1], list[2]
	if !staged.Staged || staged.Serial != 1 || staged.Booted || staged.Pinned {
		t.Errorf("staged: %+v", staged)
	}
	if !booted.Booted || !booted.Pinned || booted.Unlocked != "transient" || booted.Staged {
		t.Errorf("booted: %+v", booted)
	}
	if old.Staged || old.Booted || old.Pinned || old.Unlocked != "none" {
		t.Errorf("old: %+v", old)
	}
	if pending, rollback := pendingAndRollback(list); pending != 0 || rollback != 2 {
		t.Errorf("pending %d, rollback %d", pending, rollback)
	}
	if pending, rollback := pendingAndRollback(list[1:2]); pending != -1 || rollback != -1 {
		t.Errorf("of one: pending %d, rollback %d", pending, rollback)
	}
}

// The file that ostree 2025.2 wrote for a locked staged deployment begins so: a{sv} with locked, then target.
func TestStagedDeploymentIsRead(t *testing.T) {
	data := variantDict(map[string]string{"locked": "01" + "00" + "62"})
	state, err := parseDict(data)
	if err != nil || state["locked"] != true {
		t.Fatalf("%v %v", state, err)
	}
	data = variantDict(map[string]string{"kargs": hex.EncodeToString([]byte("root=lab\x00quiet\x00\x09\x0f")) + "00" + hex.EncodeToString([]byte("as"))})
	state, err = parseDict(data)
	if err != nil || !reflect.DeepEqual(state["kargs"], []string{"root=lab", "quiet"}) {
		t.Fatalf("%v %v", state, err)
	}
}

// variantDict makes an a{sv} of one entry; its value is given as hex: data, 00, type.
func variantDict(entries map[string]string) []byte {
	var body []byte
	for key, value := range entries {
		raw, _ := hex.DecodeString(value)
		entry := append([]byte(key), 0)
		keyEnd := len(entry)
		for len(entry)%8 != 0 {
			entry = append(entry, 0)
		}
		entry = append(append(entry, raw...), byte(keyEnd))
		body = append(body, entry...)
	}
	return append(body, byte(len(body)))
}

func TestDamagedVariantsAreRefusedNotFollowed(t *testing.T) {
	whole := variantDict(map[string]string{"version": "343400" + "00" + "73"})
	for cut := 0; cut < len(whole); cut++ {
		_, _ = parseDict(whole[:cut]) // must not panic
		damaged := append([]byte{}, whole...)
		damaged[cut] ^= 0xff
		_, _ = parseDict(damaged)
		_, _ = parseCommit(damaged)
	}
	if _, err := parseDict([]byte{0xff, 0xff, 0xff}); err == nil {
		t.Error("an offset beyond the end was followed")
	}
}

func TestOriginsOfBothKindsSurviveWritingAndReading(t *testing.T) {
	for _, one := range []origin{
		{Refspec: "fedora:fedora/x86_64/coreos/stable", OverrideCommit: strings.Repeat("a", 64)},
		{Image: "ostree-unverified-registry:10.77.0.1:8077/fedora/fedora-coreos:stable", OverrideDigest: "sha256:" + strings.Repeat("b", 64)},
	} {
		if read := parseOrigin(one.text() + "\n[libostree-transient]\npinned=true\n"); read != one {
			t.Errorf("%+v became %+v", one, read)
		}
	}
	if repository := imageRepository("10.77.0.1:8077/fedora/fedora-coreos:stable"); repository != "10.77.0.1:8077/fedora/fedora-coreos" {
		t.Error(repository)
	}
	if repository := imageRepository("10.77.0.1:8077/a/b@sha256:00"); repository != "10.77.0.1:8077/a/b" {
		t.Error(repository)
	}
}

func TestHistoryIsReadNewestFirst(t *testing.T) {
	text := "commit " + strings.Repeat("a", 64) + "\nParent: x\nDate:  2026-11-21\nVersion: 44.2\n\n    44.2\n\ncommit " + strings.Repeat("b", 64) + "\nVersion: 44.1\n"
	want := []logEntry{{strings.Repeat("a", 64), "44.2"}, {strings.Repeat("b", 64), "44.1"}}
	if read := parseLog(text); !reflect.DeepEqual(read, want) {
		t.Error(read)
	}
}

func TestUnitOfACallerIsTheInnermostOne(t *testing.T) {
	for cgroup, want := range map[string]string{
		"0::/system.slice/zincati.service\n":                 "zincati.service",
		"0::/user.slice/user-1000.slice/session-3.scope":     "session-3.scope",
		"0::/system.slice/a.service/payload/b.service/inner": "b.service",
		"0::/": "",
	} {
		if unit := unitOf(cgroup); unit != want {
			t.Errorf("%q: %q", cgroup, unit)
		}
	}
}

func TestHeaderOfAnArchivedSymlink(t *testing.T) {
	header := archiveHeader(0, 0, 0, 0o120777, "usr/bin", nil)
	want := "00000021" + "00000000" + "0000000000000000" + "00000000" + "00000000" + "0000a1ff" + "00000000" + hex.EncodeToString([]byte("usr/bin\x00")) + "20"
	if got := hex.EncodeToString(header); got != want {
		t.Errorf("\n%s\n%s", got, want)
	}
}

func TestNothingOutsideTheRepositoryIsServed(t *testing.T) {
	folder := t.TempDir()
	if err := os.MkdirAll(filepath.Join(folder, "repo/refs"), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(folder, "secret"), []byte("x"), 0o600); err != nil {
		t.Fatal(err)
	}
	if found := (archive{[]string{filepath.Join(folder, "repo")}}).find("/refs/../../secret"); found != "" {
		t.Error(found)
	}
}
