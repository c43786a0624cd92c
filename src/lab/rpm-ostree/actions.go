package main

import (
	"fmt"
	"strconv"
	"strings"
)

// rollback moves the entry after the booted one to the front; where there is none but something is pending, the booted one.
// So a second one undoes the first.
func (w *work) rollback() error {
	list, err := loadDeployments()
	if err != nil {
		return err
	}
	pending, rollback := pendingAndRollback(list)
	switch {
	case pending == -1 && rollback == -1:
		return fmt.Errorf("No rollback deployment found")
	case pending != -1 && list[pending].Staged:
		return fmt.Errorf("Staged deployment (remove with cleanup -p)")
	case rollback == -1:
		rollback = indexOf(list, isBooted)
	}
	w.say("Moving '%s' to be first deployment", list[rollback].id())
	if err := w.admin("set-default", strconv.Itoa(rollback)); err != nil {
		return err
	}
	w.say("Bootloader updated; bootconfig swap: yes; bootversion: boot.1.1, deployment count change: 0")
	return w.rebootAsked()
}

// cleanup deletes what is asked for, but never what is booted or pinned. -p takes whatever stands before the booted one:
// after a rollback that is the way back.
func (w *work) cleanup() error {
	args := w.transaction.Args
	before, err := loadDeployments()
	if err != nil {
		return err
	}
	if args.Pending || args.Rollback {
		if err := w.undeploy(before, args.Pending, args.Rollback); err != nil {
			return err
		}
	}
	if args.Base {
		if err := w.admin("cleanup"); err != nil {
			return err
		}
		w.say("Freed: 0 bytes (pkgcache branches: 0)")
	}
	return nil
}

func (w *work) undeploy(list []deployment, pending, rollback bool) error {
	booted, removed, onlyStaged := indexOf(list, isBooted), 0, true
	for i := len(list) - 1; i >= 0; i-- {
		d := list[i]
		isWanted := (i < booted && pending) || (i > booted && rollback)
		if !isWanted || d.Pinned {
			continue
		}
		if err := w.admin("undeploy", strconv.Itoa(i)); err != nil {
			return err
		}
		removed++
		onlyStaged = onlyStaged && d.Staged
	}
	switch {
	case removed == 0:
		w.say("Deployments unchanged.")
	case !onlyStaged:
		w.say("Bootloader updated; bootconfig swap: yes; bootversion: boot.0.1, deployment count change: -%d", removed)
		w.say("Freed: 0 bytes (pkgcache branches: 0)")
	}
	return nil
}

// finalize unlocks what is staged and reboots.
func (w *work) finalize() error {
	args := w.transaction.Args
	list, err := loadDeployments()
	if err != nil {
		return err
	}
	staged := list[0]
	switch {
	case !staged.Staged:
		return fmt.Errorf("No pending staged deployment found")
	case args.Checksum == "" && !args.AllowMissingChecksum:
		return fmt.Errorf("Missing expected checksum")
	case args.Checksum != "" && args.Checksum != staged.base():
		return fmt.Errorf("Expected staged base checksum %s, but found %s", args.Checksum, staged.base())
	}
	if err := checkInhibitors(); err != nil { // before anything is unlocked
		return err
	}
	if !staged.Locked && !args.AllowUnlocked {
		return fmt.Errorf("Staged deployment already unlocked")
	}
	if staged.Locked {
		if err := w.admin("lock-finalization", "--unlock"); err != nil {
			return err
		}
	}
	fmt.Printf("Finalized deployment; rebooting into %s\n", staged.base())
	w.reboot = true
	return nil
}

// kernelArgs stages the first deployment again with other arguments: unlocked, whatever it was.
func (w *work) kernelArgs() (bool, error) {
	args := w.transaction.Args
	list, err := loadDeployments()
	if err != nil {
		return false, err
	}
	index, err := kargsIndex(list, args.DeployIndex, 0)
	if err != nil {
		return false, err
	}
	before, err := kernelArguments(list, index)
	if err != nil {
		return false, err
	}
	after, changed, err := editKernelArguments(before, args)
	if err != nil {
		return false, err
	}
	if !changed {
		w.say("No changes.")
		return false, nil
	}
	from := list[index]
	if err := w.stage(target{commit: from.Checksum, base: from.base(), origin: from.Origin}, after, args.Lock); err != nil {
		return false, err
	}
	w.say("Kernel arguments updated.")
	return true, w.rebootAsked()
}

func kargsIndex(list []deployment, asked string, otherwise int) (int, error) {
	if asked == "" {
		return otherwise, nil
	}
	index, err := strconv.Atoi(asked)
	if err != nil || index < 0 || index >= len(list) {
		return 0, fmt.Errorf("Out of range deployment index %s, expected < %d", asked, len(list))
	}
	return index, nil
}

// printedKargs are those of the pending deployment, as `rpm-ostree kargs` without changes prints them.
func printedKargs(args arguments) ([]string, error) {
	list, err := loadDeployments()
	if err != nil {
		return nil, err
	}
	index, err := kargsIndex(list, args.DeployIndex, 0)
	if err != nil {
		return nil, err
	}
	return kernelArguments(list, index)
}

func editKernelArguments(before []string, args arguments) (after []string, changed bool, err error) {
	after = append([]string{}, before...)
	find := func(karg string) int {
		for i, one := range after {
			if one == karg || (!strings.Contains(karg, "=") && strings.HasPrefix(one, karg+"=")) {
				return i
			}
		}
		return -1
	}
	for _, karg := range args.Delete {
		at := find(karg)
		if at == -1 {
			return nil, false, fmt.Errorf("No karg '%s' found", karg)
		}
		after, changed = append(after[:at], after[at+1:]...), true
	}
	for _, karg := range args.Replace {
		parts := strings.SplitN(karg, "=", 3) // KEY=NEW or KEY=OLD=NEW
		old, value := parts[0], parts[len(parts)-1]
		if len(parts) == 3 {
			old += "=" + parts[1]
		}
		at := find(old)
		if at == -1 || len(parts) == 1 {
			return nil, false, fmt.Errorf("No karg '%s' found", old)
		}
		after[at], changed = parts[0]+"="+value, true
	}
	for _, karg := range args.Append {
		after, changed = append(after, karg), true
	}
	for _, karg := range args.AppendIfMissing {
		if find(karg) == -1 {
			after, changed = append(after, karg), true
		}
	}
	for _, karg := range args.DeleteIfPresent {
		if at := find(karg); at != -1 {
			after, changed = append(after[:at], after[at+1:]...), true
		}
	}
	return after, changed, nil
}

// applyLive is always refused here, as where packages would change; and the refusal has unlocked the deployment already.
func (w *work) applyLive() error {
	list, err := loadDeployments()
	if err != nil {
		return err
	}
	booted := list[indexOf(list, isBooted)]
	if booted.Unlocked == "none" {
		if err := w.admin("unlock", "--transient"); err != nil {
			return err
		}
	}
	return fmt.Errorf("packages would be changed: 2, allow replacement to override")
}
