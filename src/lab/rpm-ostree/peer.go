package main

import (
	"encoding/json"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strings"
	"syscall"
)

// caller is who asked, as the kernel knows it.
type caller struct {
	uid  uint32
	unit string // the systemd unit that it runs in
}

func callerOf(connection *net.UnixConn) (caller, error) {
	raw, err := connection.SyscallConn()
	if err != nil {
		return caller{}, err
	}
	var credentials *syscall.Ucred
	var failure error
	if err := raw.Control(func(fd uintptr) {
		credentials, failure = syscall.GetsockoptUcred(int(fd), syscall.SOL_SOCKET, syscall.SO_PEERCRED)
	}); err != nil {
		return caller{}, err
	}
	if failure != nil {
		return caller{}, failure
	}
	cgroup, _ := os.ReadFile(fmt.Sprintf("/proc/%d/cgroup", credentials.Pid))
	return caller{uid: credentials.Uid, unit: unitOf(string(cgroup))}, nil
}

// unitOf finds the innermost service or scope of a cgroup path: 0::/system.slice/zincati.service.
func unitOf(cgroup string) string {
	unit := ""
	for _, part := range strings.Split(strings.TrimSpace(cgroup), "/") {
		if strings.HasSuffix(part, ".service") || strings.HasSuffix(part, ".scope") {
			unit = part
		}
	}
	return unit
}

// driverFile is the real one's path; what is in it is nobody's business but the daemon's.
const driverFile = "/run/rpm-ostree/update-driver.gv"

func registerDriver(name, unit string) error {
	if unit == "" {
		return fmt.Errorf("Failed to retrieve systemd unit of the update driver")
	}
	data, err := json.Marshal(map[string]any{"driver-name": name, "driver-sd-unit": unit})
	if err != nil {
		return err
	}
	if err := os.MkdirAll(filepath.Dir(driverFile), 0o755); err != nil {
		return err
	}
	return os.WriteFile(driverFile, data, 0o644)
}

func readDriver() map[string]any {
	data, err := os.ReadFile(driverFile)
	if err != nil {
		return nil
	}
	var driver map[string]any
	if json.Unmarshal(data, &driver) != nil {
		return nil
	}
	return driver
}
