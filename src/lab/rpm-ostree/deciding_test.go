package main

import (
	"math/rand"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"
)

func TestFlags(t *testing.T) {
	known := options{"pending": false, "rollback": false, "lock-finalization": false, "register-driver": true}
	given, err := parseFlags("cleanup", known, []string{"-pr"})
	if err != nil || !given.has("pending") || !given.has("rollback") {
		t.Error(given, err)
	}
	given, err = parseFlags("deploy", known, []string{"", "--register-driver=Zincati"})
	if err != nil || given.last("register-driver") != "Zincati" || !reflect.DeepEqual(given.words, []string{""}) {
		t.Error(given, err)
	}
	for _, bad := range [][]string{{"--nonsense"}, {"--pending=1"}, {"--register-driver"}, {"-x"}} {
		if _, err := parseFlags("cleanup", known, bad); err == nil {
			t.Errorf("%v was taken", bad)
		}
	}
}

func TestKernelArgumentsAreEdited(t *testing.T) {
	before := []string{"root=lab", "quiet", "panic=1"}
	after, changed, err := editKernelArguments(before, arguments{Append: []string{"a=b"}, Delete: []string{"quiet"}, Replace: []string{"panic=1=5"},
		AppendIfMissing: []string{"root=lab"}, DeleteIfPresent: []string{"absent"}})
	if err != nil || !changed || !reflect.DeepEqual(after, []string{"root=lab", "panic=5", "a=b"}) {
		t.Error(after, changed, err)
	}
	if !reflect.DeepEqual(before, []string{"root=lab", "quiet", "panic=1"}) {
		t.Error("the old list was changed")
	}
	if _, changed, err := editKernelArguments(before, arguments{AppendIfMissing: []string{"quiet"}}); changed || err != nil {
		t.Error(changed, err)
	}
	if _, _, err := editKernelArguments(before, arguments{Delete: []string{"absent"}}); err == nil {
		t.Error("deleted what is not there")
	}
}

func TestOnlyBlockingShutdownInhibitorsCount(t *testing.T) {
	if err := judgeInhibitors([]byte(`{"type":"a(ssssuu)","data":[[["sleep","a","b","block",0,1],["shutdown","c","d","delay",0,1]]]}`)); err != nil {
		t.Error(err)
	}
	err := judgeInhibitors([]byte(`{"type":"a(ssssuu)","data":[[["shutdown:sleep","me","because","block",0,1],["shutdown","x","y","block",0,2]]]}`))
	want := "Reboot blocked by a systemd inhibitor lock in `block` mode\nHeld by: me\nReason: because\nand 1 other blocking inhibitor lock(s)"
	if err == nil || !strings.HasPrefix(err.Error(), want) {
		t.Error(err)
	}
}

func TestOriginsChange(t *testing.T) {
	ostree := origin{Refspec: "fedora:fedora/x86_64/coreos/stable"}
	if _, err := changeOrigin(ostree, "fedora/x86_64/coreos/stable", ""); err == nil || err.Error() != "Old and new refs are equal: "+ostree.Refspec {
		t.Error(err)
	}
	image := "ostree-unverified-registry:10.77.0.1:8077/fedora/fedora-coreos:stable"
	next, err := changeOrigin(ostree, image, "")
	if err != nil || next != (origin{Image: image}) {
		t.Error(next, err)
	}
}

var graphReleases = []release{
	{Version: "1", Commit: "a"}, {Version: "2", Commit: "b"}, {Version: "3", Commit: "c", Barrier: "keys"},
	{Version: "4", Commit: "d"}, {Version: "5", Commit: "e", DeadEnd: "bad"},
}

func TestGraphLeadsToBarriersAndToTheNewestRelease(t *testing.T) {
	graph := buildGraph(graphReleases, "", 0, time.Unix(1000, 0))
	if want := [][2]int{{0, 2}, {1, 2}, {2, 3}}; !reflect.DeepEqual(graph.Edges, want) {
		t.Error(graph.Edges)
	}
	if next := chooseNext(graph, 0, func(string) bool { return false }, false); next == nil || next.Version != "3" {
		t.Error(next)
	}
	if next := chooseNext(graph, 2, func(payload string) bool { return payload == "d" }, false); next != nil {
		t.Error("a refused release was chosen", next)
	}
}

func TestRolloutsReachTheEagerFirst(t *testing.T) {
	list := []release{{Version: "1"}, {Version: "2"}, {Version: "3", Rollout: &rollout{StartEpoch: 1000, DurationMinutes: 100}}}
	at := func(minutes int64, wariness float64) [][2]int {
		return buildGraph(list, "", wariness, time.Unix(1000+60*minutes, 0)).Edges
	}
	old, both := [][2]int{{0, 1}}, [][2]int{{0, 1}, {0, 2}, {1, 2}}
	if !reflect.DeepEqual(at(30, 0.5), old) || !reflect.DeepEqual(at(60, 0.5), both) || !reflect.DeepEqual(at(0, 0), both) {
		t.Error(at(30, 0.5), at(60, 0.5), at(0, 0))
	}
	if all := at(100, 1); !reflect.DeepEqual(all, [][2]int{{0, 2}, {1, 2}}) {
		t.Error(all)
	}
}

// Whatever was published: edges go forward, never over a barrier, never from a dead end, and never to one that is no barrier.
func TestNoGraphSkipsABarrier(t *testing.T) {
	random := rand.New(rand.NewSource(1))
	for round := 0; round < 2000; round++ {
		list := make([]release, random.Intn(9))
		for i := range list {
			if random.Intn(4) == 0 {
				list[i].Barrier = "b"
			}
			if random.Intn(4) == 0 {
				list[i].DeadEnd = "d"
			}
			if random.Intn(4) == 0 {
				list[i].Rollout = &rollout{StartEpoch: int64(random.Intn(2000)), DurationMinutes: int64(random.Intn(30))}
			}
		}
		for _, edge := range buildGraph(list, "", random.Float64(), time.Unix(1000, 0)).Edges {
			from, to := edge[0], edge[1]
			if from >= to || list[from].DeadEnd != "" || (list[to].DeadEnd != "" && list[to].Barrier == "") {
				t.Fatalf("edge %v of %+v", edge, list)
			}
			for between := from + 1; between < to; between++ {
				if list[between].Barrier != "" {
					t.Fatalf("edge %v skips barrier %d of %+v", edge, between, list)
				}
			}
		}
	}
}

func TestSettingsOfZincatiAreMerged(t *testing.T) {
	low, high := t.TempDir(), t.TempDir()
	write := func(folder, name, text string) {
		if err := os.WriteFile(filepath.Join(folder, name), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	write(low, "50-a.toml", "[updates]\nstrategy = \"fleet_lock\"\nenabled = false\n[updates.fleet_lock]\nbase_url = \"http://x/ # no comment/\"")
	write(high, "50-a.toml", `# the later folder wins
[updates]
strategy = "periodic"
[updates.periodic]
time_zone = "Europe/Berlin"
[[updates.periodic.window]]
days = [ "Sat",
  "Sunday" ] # both
start_time = "23:30"
length_minutes = 60
`)
	write(low, "90-b.toml", "agent.timing.steady_interval_secs = 5")
	write(low, "ignored.conf", "nonsense")
	config, err := loadZincatiConfig([]string{low, high})
	if err != nil || !config.enabled || config.strategy != "periodic" || config.interval != 5*time.Second || len(config.windows) != 2 {
		t.Fatalf("%+v %v", config, err)
	}
	// Sunday 23:30 in Berlin, over the end of the week.
	for utc, want := range map[string]bool{
		"2026-11-22T22:29:00Z": false, "2026-11-22T22:30:00Z": true, "2026-11-22T23:29:00Z": true, "2026-11-22T23:30:00Z": false,
		"2026-11-21T22:45:00Z": true, "2026-11-20T22:45:00Z": false,
	} {
		now, _ := time.Parse(time.RFC3339, utc)
		if config.isInWindow(now) != want {
			t.Errorf("%s: %v", utc, !want)
		}
	}
	write(high, "50-a.toml", "[updates]\nstrategy = \"yolo\"")
	if _, err := loadZincatiConfig([]string{low, high}); err == nil || !strings.Contains(err.Error(), "50-a.toml") {
		t.Error(err)
	}
}

func TestWhatIsNoTomlIsRefused(t *testing.T) {
	for _, bad := range []string{"[updates", "key", "key = ", "key = nonsense", "a = 1\n[a.b]\nc = 2"} {
		if _, err := parseTOML(bad); err == nil {
			t.Errorf("%q was taken", bad)
		}
	}
}

func TestJSONLooksAsTheRealOne(t *testing.T) {
	text, err := prettyJSON(map[string]any{"deployments": []any{map[string]any{"timestamp": uint64(1797768000), "packages": []string{}}}})
	if err != nil || !strings.Contains(text, `"timestamp" : 1797768000`) || strings.HasSuffix(text, "\n") {
		t.Error(text, err)
	}
}
