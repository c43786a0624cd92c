package main

import (
	"encoding/json"
	"fmt"
	"log"
	"net"
	"os"
	"os/exec"
	"strings"
	"time"
)

// agent behaves as Zincati does towards rpm-ostree and systemd: registers as driver, asks the update graph, stages locked,
// and reboots when its strategy lets it.
type agent struct {
	config   zincatiConfig
	identity identity
	denied   map[string]bool // payloads of the other deployments on disk when it started
	failures map[string]int
}

// identity is this host as the graph and a lock manager know it.
type identity struct {
	version, checksum, image, digest, uuid, platform string
}

const (
	deployAttempts  = 12 // then a release is abandoned until the next start
	deadEndMotd     = "/run/motd.d/85-zincati-deadend.motd"
	ignoreSessions  = "/run/zincati/override-interactive-check"
	sessionPatience = 10
)

func zincatiMain([]string) int {
	log.SetFlags(0)
	config, err := loadZincatiConfig(zincatiFolders)
	if err != nil {
		log.Printf("[ERROR zincati] %s", err)
		return 1
	}
	notify("READY=1\nSTATUS=initializing")
	if !config.enabled {
		notify("STATUS=initialization complete, auto-updates logic disabled by configuration")
		idle()
	}
	a := &agent{config: config, failures: map[string]int{}}
	a.register()
	if err := a.identify(); err != nil {
		log.Printf("[ERROR zincati] %s", err)
		return 1
	}
	a.retry(func() error { return a.lock("steady-state") })
	notify("STATUS=initialization complete, auto-updates logic enabled")
	a.run()
	return 0
}

// idle never ends. An empty select would: the runtime takes a program that nothing can wake for a deadlock, and ends it.
func idle() {
	for {
		time.Sleep(time.Hour)
	}
}

// register makes rpm-ostree refuse others; again and again until the daemon takes it.
func (a *agent) register() {
	for wait := time.Second; ; wait = min(2*wait, 256*time.Second) {
		if _, err := rpmOstree("deploy", "", "--register-driver=Zincati"); err == nil {
			return
		} else {
			log.Printf("[ERROR zincati] failed to register as driver: %s", err)
		}
		time.Sleep(wait)
	}
}

func (a *agent) identify() error {
	out, err := rpmOstree("status", "--json")
	if err != nil {
		return err
	}
	var shown status
	if err := json.Unmarshal([]byte(out), &shown); err != nil {
		return err
	}
	text := func(d map[string]any, key string) string { value, _ := d[key].(string); return value }
	a.denied = map[string]bool{}
	for _, d := range shown.Deployments {
		digest, checksum := text(d, "container-image-reference-digest"), text(d, "checksum")
		if d["booted"] != true {
			a.denied[digest], a.denied[checksum] = true, true
			continue
		}
		_, image, _ := splitImage(text(d, "container-image-reference"))
		a.identity = identity{version: text(d, "version"), checksum: checksum, image: image, digest: digest}
	}
	delete(a.denied, "")
	a.identity.uuid = a.config.nodeUUID
	if a.identity.uuid == "" {
		uuid, err := exec.Command("systemd-id128", "machine-id", "-a", "de35106b6ec24688b63afddaa156679b").Output()
		if err != nil {
			return err
		}
		a.identity.uuid = strings.TrimSpace(string(uuid))
	}
	cmdline, _ := os.ReadFile("/proc/cmdline")
	for _, karg := range strings.Fields(string(cmdline)) {
		if platform, found := strings.CutPrefix(karg, "ignition.platform.id="); found {
			a.identity.platform = platform
		}
	}
	if a.identity.platform == "" {
		return fmt.Errorf("failed to build default agent identity: no ignition.platform.id on the kernel command line")
	}
	return nil
}

// run polls until something is found, and then sees it through to the reboot.
func (a *agent) run() {
	for {
		next, err := a.nextRelease()
		switch {
		case err != nil:
			log.Printf("[ERROR zincati::cincinnati] failed to check Cincinnati for updates: %s", err)
		case next != nil:
			notify("STATUS=found update on remote: " + next.Version)
			log.Printf("[INFO  zincati::update_agent::actor] target release '%s' selected, proceeding to stage it", next.Version)
			if err := a.stage(*next); err != nil {
				a.failures[next.Payload]++
				log.Printf("[ERROR zincati::update_agent::actor] failed to stage deployment: %s", err)
				break
			}
			log.Printf("[INFO  zincati::update_agent::actor] update staged: %s", next.Version)
			a.finalize(*next)
		}
		notify("STATUS=periodically polling for updates (last checked " + time.Now().UTC().Format("Mon 2006-01-02 15:04:05 MST") + ")")
		time.Sleep(a.config.interval + time.Duration(time.Now().UnixNano())%(a.config.interval/10+1))
	}
}

// stage: with the origin of this stream a deploy, else a rebase to it. Whatever is staged already goes.
func (a *agent) stage(next graphNode) error {
	args := []string{"deploy", "--lock-finalization", "--disallow-downgrade"}
	if a.config.allowDowngrade {
		args = args[:2]
	}
	repository, digest, isImage := strings.Cut(next.Payload, "@")
	switch {
	case !isImage:
		args = append(args, "--skip-branch-check", "revision="+next.Payload)
	case a.identity.image == repository+":stable":
		args = append(args, digest)
	default:
		args[0] = "rebase"
		args = append(args, "ostree-unverified-registry:"+repository+":stable", digest)
	}
	_, err := rpmOstree(args...)
	return err
}

// finalize waits for the strategy, then unlocks and reboots; an error is tried again, for ever.
func (a *agent) finalize(next graphNode) {
	checksum := next.Payload
	if _, digest, isImage := strings.Cut(next.Payload, "@"); isImage {
		checksum = digest
	}
	for {
		if a.mayReboot(next.Version) {
			notify("STATUS=update finalized: " + next.Version)
			if _, err := rpmOstree("finalize-deployment", checksum); err == nil {
				notify("STATUS=update applied, waiting for reboot: " + next.Version)
				idle()
			} else {
				log.Printf("[ERROR zincati::update_agent::actor] failed to finalize deployment: %s", err)
			}
		}
		time.Sleep(a.config.interval)
	}
}

func (a *agent) mayReboot(version string) bool {
	notify("STATUS=update staged: " + version + "; reboot pending due to update strategy")
	switch a.config.strategy {
	case "periodic":
		if !a.config.isInWindow(time.Now()) {
			return false
		}
	case "fleet_lock":
		if err := a.lock("pre-reboot"); err != nil {
			log.Printf("[ERROR zincati::strategy::fleet_lock] lock-manager pre-reboot failure: %s", err)
			return false
		}
	}
	for i := 0; i < sessionPatience && hasInteractiveSession(); i++ {
		notify("STATUS=update staged: " + version + "; reboot delayed due to active user sessions")
		time.Sleep(time.Minute)
	}
	return true
}

// hasInteractiveSession: somebody sits at a terminal; ssh without one does not count.
func hasInteractiveSession() bool {
	if _, err := os.Stat(ignoreSessions); err == nil {
		return false
	}
	out, err := exec.Command("loginctl", "list-sessions", "--json=short").Output()
	var sessions []struct{ Tty *string }
	if err != nil || json.Unmarshal(out, &sessions) != nil {
		return false
	}
	for _, session := range sessions {
		if session.Tty != nil && *session.Tty != "" && *session.Tty != "-" {
			return true
		}
	}
	return false
}

func (a *agent) retry(work func() error) {
	for err := work(); err != nil; err = work() {
		log.Printf("[ERROR zincati::update_agent::actor] failed to mark steady state: %s", err)
		time.Sleep(a.config.interval)
	}
}

// rpmOstree runs the client as Zincati does; the driver guard knows it by its unit.
func rpmOstree(args ...string) (string, error) {
	return runProgram(exec.Command("rpm-ostree", args...))
}

// notify tells systemd, as sd_notify does.
func notify(text string) {
	address := os.Getenv("NOTIFY_SOCKET")
	if address == "" {
		return
	}
	connection, err := net.Dial("unixgram", address)
	if err != nil {
		return
	}
	defer connection.Close()
	_, _ = connection.Write([]byte(text))
}
