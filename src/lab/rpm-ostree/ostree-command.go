package main

import (
	"fmt"
	"os"
	"syscall"
)

// ostreeMain is /usr/bin/ostree: the real one, but for `ostree admin status --json`, which Debian's is too old to have.
func ostreeMain(args []string) {
	if len(args) >= 2 && args[0] == "admin" && args[1] == "status" {
		for _, arg := range args[2:] {
			if arg == "--json" {
				os.Exit(adminStatusJSON())
			}
		}
	}
	err := syscall.Exec(realOstree, append([]string{"ostree"}, args...), os.Environ())
	fmt.Fprintf(os.Stderr, "error: %s: %s\n", realOstree, err)
	os.Exit(1)
}

func adminStatusJSON() int {
	list, err := loadDeployments()
	if err != nil {
		fmt.Fprintf(os.Stderr, "error: %s\n", err)
		return 1
	}
	pending, rollback := pendingAndRollback(list)
	shown := []any{}
	for i, d := range list {
		one := map[string]any{
			"checksum": d.Checksum, "stateroot": d.Osname, "refspec": nil, "serial": d.Serial, "index": i, "booted": d.Booted,
			"pending": i == pending, "rollback": i == rollback, "finalization-locked": d.Locked, "soft-reboot-target": false,
			"staged": d.Staged, "pinned": d.Pinned, "unlocked": d.Unlocked,
		}
		if d.Origin.Image == "" { // of an image it knows neither version nor refspec
			one["refspec"] = d.Origin.Refspec
			if version := d.version(); version != "" {
				one["version"] = version
			}
		}
		shown = append(shown, one)
	}
	text, err := prettyJSON(map[string]any{"deployments": shown})
	if err != nil {
		fmt.Fprintf(os.Stderr, "error: %s\n", err)
		return 1
	}
	fmt.Println(text)
	return 0
}
