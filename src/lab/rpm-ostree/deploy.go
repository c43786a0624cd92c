package main

import (
	"fmt"
	"os"
	"os/exec"
	"regexp"
	"strings"
	"syscall"
)

// work is one transaction being done.
type work struct {
	daemon      *daemon
	transaction *transaction
	caller      caller
	lock        *sysrootLock
	reboot      bool
}

// do does it; true when something new is there.
func (w *work) do() (bool, error) {
	switch w.transaction.Method {
	case "Deploy", "Upgrade", "Rebase":
		return w.deploy()
	case "Rollback":
		return true, w.rollback()
	case "Cleanup":
		return true, w.cleanup()
	case "FinalizeDeployment":
		return true, w.finalize()
	case "KernelArgs":
		return w.kernelArgs()
	case "LiveFs":
		return false, w.applyLive()
	}
	return false, fmt.Errorf("No such method “%s”", w.transaction.Method)
}

func (w *work) say(format string, values ...any) {
	w.daemon.say(w.transaction, fmt.Sprintf(format, values...))
}

// target is what a deploy came to: a commit on disk, and the origin that it is to have.
type target struct {
	commit string
	base   string // as deployment.base
	origin origin
}

// deploy is upgrade, deploy and rebase: find the commit, have it here, stage it.
func (w *work) deploy() (bool, error) {
	args := w.transaction.Args
	if args.Driver != "" {
		if err := registerDriver(args.Driver, w.caller.unit); err != nil {
			return false, err
		}
		if args.Revision == "" {
			w.say("Empty string revision found; registering update driver only")
			return true, nil
		}
	}
	list, err := loadDeployments()
	if err != nil {
		return false, err
	}
	merge := list[0] // not the booted one: what is staged or pending is what an operation builds on
	wanted, err := w.resolve(merge)
	if err != nil || wanted == nil {
		return false, err
	}
	if !args.AllowDowngrade {
		if err := refuseDowngrade(*wanted, merge); err != nil {
			return false, err
		}
	}
	if wanted.base == merge.base() && w.transaction.Method != "Rebase" {
		if w.transaction.Method == "Upgrade" {
			w.say("No upgrade available.")
		} else {
			w.say("No change.")
		}
		return false, nil // with -r too: nothing new, no reboot
	}
	if args.CheckOnly {
		return true, nil
	}
	if args.DownloadOnly {
		w.say("Update downloaded.")
		return true, nil
	}
	if err := w.stage(*wanted, nil, args.Lock); err != nil {
		return false, err
	}
	return true, w.rebootAsked()
}

// resolve finds and fetches what the caller asked for; nil when it knows already that there is nothing.
func (w *work) resolve(merge deployment) (*target, error) {
	args, next := w.transaction.Args, merge.Origin
	next.OverrideCommit, next.OverrideDigest = "", ""
	if args.Refspec != "" {
		changed, err := changeOrigin(merge.Origin, args.Refspec, args.Revision)
		if err != nil {
			return nil, err
		}
		next = changed
	}
	if next.Image != "" {
		if args.Revision != "" {
			next.OverrideDigest = args.Revision
		}
		return w.resolveImage(next)
	}
	return w.resolveRefspec(next)
}

// changeOrigin is what rebase does; an ostree refspec without a remote keeps the one that is.
func changeOrigin(current origin, refspec, revision string) (origin, error) {
	if isImageReference(refspec) {
		next := origin{Image: refspec}
		if next.Image == current.Image && revision == current.OverrideDigest {
			return origin{}, fmt.Errorf("Old and new refs are equal: %s", refspec)
		}
		return next, nil
	}
	if remote, _ := current.remoteAndBranch(); !strings.Contains(refspec, ":") && remote != "" {
		refspec = remote + ":" + refspec
	}
	if refspec == current.Refspec && revision == "" {
		return origin{}, fmt.Errorf("Old and new refs are equal: %s", refspec)
	}
	return origin{Refspec: refspec}, nil
}

var checksumForm = regexp.MustCompile(`^[0-9a-f]{64}$`)

func (w *work) resolveRefspec(next origin) (*target, error) {
	args := w.transaction.Args
	remote, branch := next.remoteAndBranch()
	if checksumForm.MatchString(branch) {
		if args.Revision != "" {
			return nil, fmt.Errorf("Cannot look up version while pinned to commit")
		}
		w.say("Pinned to commit; no upgrade available")
		return nil, nil
	}
	if args.Revision != "" {
		checksum, err := w.lookUp(next, args.Revision)
		if err != nil {
			return nil, err
		}
		next.OverrideCommit = checksum
	}
	if args.CacheOnly {
		// Nothing is fetched but the summary, and without that it fails.
		if _, err := w.run("remote", "summary", remote); err != nil {
			return nil, err
		}
	} else {
		ref := branch
		if next.OverrideCommit != "" {
			ref += "@" + next.OverrideCommit
		}
		pull := []string{"pull"}
		if args.CheckOnly {
			pull = append(pull, "--commit-metadata-only")
		}
		out, err := w.run(append(pull, remote, ref)...)
		if err != nil {
			return nil, err
		}
		if line := lastLine(out); line != "" {
			w.say("%s", line)
		}
	}
	commit := next.OverrideCommit
	if commit == "" {
		if commit = pulledTip(next); commit == "" {
			return nil, fmt.Errorf("Refspec '%s' not found", next.Refspec)
		}
	}
	return &target{commit: commit, base: commit, origin: next}, nil
}

// stage writes the deployment that the next shutdown finalizes. kargs: nil for those of the booted one.
func (w *work) stage(wanted target, kargs []string, lock bool) error {
	if err := w.wasCancelled(); err != nil {
		return err
	}
	file, err := os.CreateTemp("/run/rpm-ostree", "origin-")
	if err != nil {
		return err
	}
	defer os.Remove(file.Name())
	if _, err := file.WriteString(wanted.origin.text()); err != nil {
		return err
	}
	file.Close()
	args := []string{"deploy", "--stage", "--os=" + stateroot, "--origin-file=" + file.Name()}
	if lock {
		args = append(args, "--lock-finalization")
	}
	if kargs != nil {
		args = append(args, "--karg-none")
	}
	for _, karg := range kargs {
		args = append(args, "--karg-append="+karg)
	}
	if err := w.admin(append(args, wanted.commit)...); err != nil {
		return err
	}
	w.say("Staging deployment...done")
	return nil
}

// admin runs `ostree admin …`, which takes the sysroot's lock itself.
func (w *work) admin(args ...string) error {
	w.lock.release()
	_, err := runOstree(append([]string{"admin"}, args...)...)
	if relock := w.lock.take(); err == nil {
		err = relock
	}
	return err
}

// run runs ostree so that `cancel` finds it.
func (w *work) run(args ...string) (string, error) {
	if err := w.wasCancelled(); err != nil {
		return "", err
	}
	command := exec.Command(realOstree, args...)
	command.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	w.daemon.mutex.Lock()
	w.transaction.command = command
	w.daemon.mutex.Unlock()
	out, err := runProgram(command)
	if cancelled := w.wasCancelled(); cancelled != nil {
		return "", cancelled
	}
	return out, err
}

func (w *work) wasCancelled() error {
	select {
	case <-w.transaction.cancelled:
		return fmt.Errorf("Operation was cancelled")
	default:
		return nil
	}
}

// rebootAsked reboots for -r. Inhibitors are looked at only now, when all is staged.
func (w *work) rebootAsked() error {
	if !w.transaction.Args.Reboot {
		return nil
	}
	if err := checkInhibitors(); err != nil {
		return err
	}
	w.reboot = true
	return nil
}

func lastLine(text string) string {
	lines := strings.Split(strings.TrimSpace(text), "\n")
	return strings.TrimSpace(lines[len(lines)-1])
}
