package main

import (
	"encoding/json"
	"fmt"
	"net"
	"os"
	"os/exec"
	"os/signal"
	"strings"
	"syscall"
)

const (
	exitError     = 1
	exitUnchanged = 77
)

// command is one of rpm-ostree's: its flags, and what it does. It returns the exit code; an error is 1.
type command struct {
	known options
	run   func(flags, []string) (int, error)
}

func clientMain(args []string) int {
	name, rest := "", args
	if len(args) > 0 {
		name, rest = args[0], args[1:]
	}
	if name == "--version" {
		fmt.Print("rpm-ostree:\n Version: '2026.2'\n Git: coreos-infra-lab\n Features:\n  - container\n")
		return 0
	}
	if name == "update" {
		name = "upgrade"
	}
	chosen, found := commands()[name]
	if !found {
		fmt.Fprintf(os.Stderr, "error: Unknown command '%s'\n", name)
		return exitError
	}
	given, err := parseFlags(name, chosen.known, rest)
	code := 0
	if err == nil {
		code, err = chosen.run(given, append([]string{name}, rest...))
	}
	if err != nil {
		fmt.Fprintf(os.Stderr, "error: %s\n", err)
		return exitError
	}
	return code
}

func commands() map[string]command {
	common := func(more options) options {
		known := options{"reboot": false, "preview": false, "cache-only": false, "download-only": false, "lock-finalization": false,
			"bypass-driver": false, "os": true, "stateroot": true, "verbose": false, "quiet": false, "peer": false, "sysroot": true}
		for name, takesValue := range more {
			known[name] = takesValue
		}
		return known
	}
	return map[string]command{
		"status":  {options{"json": false, "jsonpath": true, "booted": false, "pending-exit-77": false, "verbose": false, "advisories": false}, statusCommand},
		"upgrade": {common(options{"check": false, "unchanged-exit-77": false, "allow-downgrade": false}), upgradeCommand},
		"deploy": {common(options{"skip-branch-check": false, "disallow-downgrade": false, "unchanged-exit-77": false, "register-driver": true}),
			deployCommand},
		"rebase": {common(options{"branch": true, "remote": true, "skip-purge": false, "disallow-downgrade": false, "experimental": false,
			"custom-origin-url": true, "custom-origin-description": true}), rebaseCommand},
		"rollback":            {options{"reboot": false, "sysroot": true}, rollbackCommand},
		"cleanup":             {options{"pending": false, "rollback": false, "base": false, "repomd": false, "os": true, "stateroot": true}, cleanupCommand},
		"finalize-deployment": {options{"allow-missing-checksum": false, "allow-unlocked": false, "os": true, "stateroot": true}, finalizeCommand},
		"cancel":              {options{}, func(flags, []string) (int, error) { return simple("Cancel", "cancel") }},
		"reload":              {options{}, func(flags, []string) (int, error) { return simple("Reload", "reload") }},
		"kargs": {options{"append": true, "delete": true, "replace": true, "append-if-missing": true, "delete-if-present": true,
			"unchanged-exit-77": false, "reboot": false, "lock-finalization": false, "deploy-index": true, "os": true, "stateroot": true}, kargsCommand},
		"apply-live": {options{"reset": false, "target": true, "allow-replacement": false}, applyLiveCommand},
	}
}

// simple calls a method without arguments.
func simple(method, title string) (int, error) {
	_, err := call(request{Method: method, Title: title})
	return 0, err
}

// title is the caller's command line as others see it: `deploy V `, with the blank at its end.
func title(words []string) string { return strings.Join(words, " ") + " " }

// call sends one request, prints what the daemon says meanwhile, and returns its last word.
func call(r request) (reply, error) {
	connection, err := net.Dial("unix", socketPath)
	if err != nil {
		return reply{}, fmt.Errorf("Could not connect to the rpm-ostree daemon: %w", err)
	}
	defer connection.Close()
	cancelOnInterrupt(r.Method)
	if err := json.NewEncoder(connection).Encode(r); err != nil {
		return reply{}, err
	}
	in := json.NewDecoder(connection)
	for {
		var next reply
		if err := in.Decode(&next); err != nil {
			return reply{}, fmt.Errorf("Bus owner changed, aborting. This likely means the daemon crashed; check logs with `journalctl -xe`.")
		}
		if next.Attached != "" {
			fmt.Printf("Attaching to existing transaction: %s\n", next.Attached)
		}
		if next.Line != "" {
			fmt.Println(next.Line)
		}
		if !next.Done {
			continue
		}
		if next.Error != "" {
			return next, fmt.Errorf("%s", next.Error)
		}
		return next, nil
	}
}

// cancelOnInterrupt: Ctrl-C cancels the transaction, and the call above ends when the daemon says so. Any other end of
// this client leaves it running.
func cancelOnInterrupt(method string) {
	if method == "Status" || method == "Kargs" || method == "Cancel" {
		return
	}
	interrupts := make(chan os.Signal, 1)
	signal.Notify(interrupts, syscall.SIGINT)
	go func() {
		<-interrupts
		connection, err := net.Dial("unix", socketPath)
		if err == nil {
			_ = json.NewEncoder(connection).Encode(request{Method: "Cancel", Title: "cancel"})
		}
	}()
}

// driverGuard is the client's own: it refuses while the unit that drives updates is at work, or has failed.
func driverGuard(given flags) error {
	if given.has("bypass-driver") || given.has("register-driver") {
		return nil
	}
	answer, err := call(request{Method: "Status"})
	if err != nil {
		return err
	}
	driver := answer.Status.UpdateDriver
	if driver == nil {
		return nil
	}
	unit := fmt.Sprint(driver["driver-sd-unit"])
	if own, _ := os.ReadFile("/proc/self/cgroup"); unitOf(string(own)) == unit {
		return nil // the driver itself
	}
	out, err := exec.Command("systemctl", "show", "--property=ActiveState", "--value", "--", unit).Output()
	if err != nil {
		return fmt.Errorf("Looking up %s: %w", unit, err)
	}
	switch strings.TrimSpace(string(out)) {
	case "active", "activating", "reloading", "failed":
		name := driver["driver-name"]
		return fmt.Errorf("Updates and deployments are driven by %v (%s)\nSee %v's documentation at https://github.com/coreos/zincati\n"+
			"Use --bypass-driver to bypass %v and perform the operation anyways", name, unit, name, name)
	}
	return nil
}
