package main

import (
	"net"
	"os"
	"time"
)

func zincatiMain([]string) int {
	notify("READY=1\nSTATUS=initialization complete, auto-updates logic disabled by configuration")
	for {
		time.Sleep(time.Hour)
	}
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
