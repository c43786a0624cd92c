// Command lab-os stands in for what a lab host cannot have from Debian: rpm-ostree with its daemon, Zincati, and
// `ostree admin status --json` of newer ostree. Everything that touches a deployment is done by the real ostree.
// Outside of hosts it serves the lab's published releases. Which of these it is follows from the name it is called by.
package main

import (
	"fmt"
	"os"
	"path/filepath"
)

func main() {
	name, args := filepath.Base(os.Args[0]), os.Args[1:]
	switch name {
	case "rpm-ostree":
		os.Exit(clientMain(args))
	case "rpm-ostreed":
		os.Exit(daemonMain())
	case "ostree":
		ostreeMain(args)
	case "zincati":
		os.Exit(zincatiMain(args))
	case "lab-os":
		os.Exit(serveMain(args))
	default:
		fmt.Fprintf(os.Stderr, "lab-os: called by an unknown name: %s\n", name)
		os.Exit(64)
	}
}
