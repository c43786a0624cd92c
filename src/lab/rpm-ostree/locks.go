package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"time"
)

const (
	sysrootLockFile = "/sysroot/ostree/lock" // what `ostree admin` takes too
	ofdSetLock      = 37                     // F_OFD_SETLK
)

// sysrootLock keeps `ostree admin …` waiting while a transaction runs, as the real daemon does.
type sysrootLock struct{ file *os.File }

// lockSysroot does not wait: another holder is an error.
func lockSysroot() (*sysrootLock, error) {
	for {
		file, err := os.OpenFile(sysrootLockFile, os.O_CREATE|os.O_RDWR, 0o660)
		if err != nil {
			return nil, err
		}
		whole := syscall.Flock_t{Type: syscall.F_WRLCK}
		if err := syscall.FcntlFlock(file.Fd(), ofdSetLock, &whole); err != nil {
			file.Close()
			if errors.Is(err, syscall.EAGAIN) || errors.Is(err, syscall.EACCES) {
				return nil, fmt.Errorf("System transaction in progress")
			}
			return nil, err
		}
		// A holder deletes the file when it is done; the one that is there now counts.
		held, err1 := file.Stat()
		named, err2 := os.Stat(sysrootLockFile)
		if err1 == nil && err2 == nil && os.SameFile(held, named) {
			return &sysrootLock{file}, nil
		}
		file.Close()
	}
}

func (l *sysrootLock) release() {
	if l.file == nil {
		return
	}
	os.Remove(sysrootLockFile)
	l.file.Close()
	l.file = nil
}

// take has it again, after a real `ostree admin` command had its turn.
func (l *sysrootLock) take() error {
	for l.file == nil {
		lock, err := lockSysroot()
		if err == nil {
			l.file = lock.file
			return nil
		}
		if !strings.Contains(err.Error(), "in progress") {
			return err
		}
		time.Sleep(20 * time.Millisecond)
	}
	return nil
}

// checkInhibitors refuses to reboot while somebody blocks shutdowns.
func checkInhibitors() error {
	text, err := runProgram(exec.Command("busctl", "--json=short", "call", "org.freedesktop.login1",
		"/org/freedesktop/login1", "org.freedesktop.login1.Manager", "ListInhibitors"))
	if err != nil {
		return fmt.Errorf("Checking systemd inhibitor locks: %w", err)
	}
	return judgeInhibitors([]byte(text))
}

func judgeInhibitors(answer []byte) error {
	var parsed struct{ Data [][][]any }
	if err := json.Unmarshal(answer, &parsed); err != nil || len(parsed.Data) != 1 {
		return fmt.Errorf("Checking systemd inhibitor locks: ListInhibitors returned empty tuple")
	}
	words, blocking := "", 0
	for _, one := range parsed.Data[0] {
		if len(one) < 4 {
			continue
		}
		what, _ := one[0].(string)
		mode, _ := one[3].(string)
		if !strings.Contains(what, "shutdown") || mode != "block" {
			continue
		}
		if blocking++; blocking == 1 {
			words = fmt.Sprintf("Reboot blocked by a systemd inhibitor lock in `block` mode\nHeld by: %v\nReason: %v", one[1], one[2])
		}
	}
	if blocking == 0 {
		return nil
	}
	if blocking > 1 {
		words += fmt.Sprintf("\nand %d other blocking inhibitor lock(s)\nUse `systemd-inhibit --list` to see details", blocking-1)
	}
	return errors.New(words)
}
