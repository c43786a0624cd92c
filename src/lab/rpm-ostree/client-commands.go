package main

import (
	"fmt"
	"os"
)

func upgradeCommand(given flags, words []string) (int, error) {
	if len(given.words) > 0 {
		return 0, fmt.Errorf("Unexpected argument: %s", given.words[0])
	}
	isCheck := given.has("check") || given.has("preview")
	if isCheck && given.has("reboot") {
		return 0, fmt.Errorf("Cannot specify both --reboot and --preview/--check")
	}
	args := updateArguments(given)
	args.AllowDowngrade = given.has("allow-downgrade")
	args.CheckOnly = isCheck
	return update(given, request{Method: "Upgrade", Title: title(words), Args: args}, isCheck)
}

func deployCommand(given flags, words []string) (int, error) {
	if len(given.words) != 1 {
		return 0, fmt.Errorf("usage error: REVISION must be specified")
	}
	isCheck := given.has("preview")
	if isCheck && given.has("reboot") {
		return 0, fmt.Errorf("Cannot specify both --preview and --reboot")
	}
	args := updateArguments(given)
	args.Revision, args.Driver = given.words[0], given.last("register-driver")
	args.AllowDowngrade = !given.has("disallow-downgrade")
	args.SkipBranchCheck, args.CheckOnly = given.has("skip-branch-check"), isCheck
	return update(given, request{Method: "Deploy", Title: title(words), Args: args}, isCheck)
}

func rebaseCommand(given flags, words []string) (int, error) {
	args := updateArguments(given)
	switch {
	case given.has("branch") || given.has("remote"):
		args.Refspec = given.last("branch")
		if given.has("remote") {
			args.Refspec = given.last("remote") + ":" + args.Refspec
		}
	case len(given.words) > 0:
		args.Refspec = given.words[0]
	default:
		return 0, fmt.Errorf("usage error: REFSPEC must be specified")
	}
	if len(given.words) > 1 {
		args.Revision = given.words[1]
	}
	args.AllowDowngrade = !given.has("disallow-downgrade")
	return update(given, request{Method: "Rebase", Title: title(words), Args: args}, false)
}

func updateArguments(given flags) arguments {
	return arguments{
		Reboot: given.has("reboot"), Lock: given.has("lock-finalization"),
		CacheOnly: given.has("cache-only"), DownloadOnly: given.has("download-only"),
	}
}

// update runs upgrade, deploy or rebase, past the guard.
func update(given flags, r request, isCheck bool) (int, error) {
	if err := driverGuard(given); err != nil {
		return 0, err
	}
	if isCheck {
		fmt.Fprintln(os.Stderr, "Note: --check and --preview may be unreliable.  See https://github.com/coreos/rpm-ostree/issues/1579")
	}
	answer, err := call(r)
	if err != nil {
		return 0, err
	}
	switch {
	case isCheck && !answer.Changed:
		fmt.Println("No updates available.")
		return exitUnchanged, nil
	case isCheck:
		fmt.Println("AvailableUpdate:")
		return 0, nil
	case !answer.Changed && given.has("unchanged-exit-77") && !given.has("reboot"):
		return exitUnchanged, nil
	case answer.Changed && r.Args.Driver == "" && !r.Args.DownloadOnly && !r.Args.Reboot:
		fmt.Println(`Run "systemctl reboot" to start a reboot`)
	}
	return 0, nil
}

func rollbackCommand(given flags, words []string) (int, error) {
	if _, err := call(request{Method: "Rollback", Title: title(words), Args: arguments{Reboot: given.has("reboot")}}); err != nil {
		return 0, err
	}
	if !given.has("reboot") {
		fmt.Println(`Changes queued for next boot. Run "systemctl reboot" to start a reboot`)
	}
	return 0, nil
}

func cleanupCommand(given flags, words []string) (int, error) {
	args := arguments{Pending: given.has("pending"), Rollback: given.has("rollback"), Base: given.has("base"), RepoMd: given.has("repomd")}
	if !args.Pending && !args.Rollback && !args.Base && !args.RepoMd {
		return 0, fmt.Errorf("At least one cleanup option must be specified")
	}
	_, err := call(request{Method: "Cleanup", Title: title(words), Args: args})
	return 0, err
}

func finalizeCommand(given flags, words []string) (int, error) {
	args := arguments{AllowMissingChecksum: given.has("allow-missing-checksum"), AllowUnlocked: given.has("allow-unlocked")}
	if len(given.words) > 0 {
		args.Checksum = given.words[0]
	}
	if args.Checksum == "" && !args.AllowMissingChecksum {
		return 0, fmt.Errorf("usage error: Must provide expected CHECKSUM or --allow-missing-checksum")
	}
	if args.Checksum != "" && args.AllowMissingChecksum {
		return 0, fmt.Errorf("usage error: Cannot specify both CHECKSUM and --allow-missing-checksum")
	}
	_, err := call(request{Method: "FinalizeDeployment", Title: title(words), Args: args})
	return 0, err
}

func kargsCommand(given flags, words []string) (int, error) {
	args := arguments{
		Append: given.values["append"], Delete: given.values["delete"], Replace: given.values["replace"],
		AppendIfMissing: given.values["append-if-missing"], DeleteIfPresent: given.values["delete-if-present"],
		Reboot: given.has("reboot"), Lock: given.has("lock-finalization"), DeployIndex: given.last("deploy-index"),
	}
	changes := len(args.Append) + len(args.Delete) + len(args.Replace) + len(args.AppendIfMissing) + len(args.DeleteIfPresent)
	if changes == 0 {
		answer, err := call(request{Method: "Kargs", Args: args})
		if err != nil {
			return 0, err
		}
		for i, karg := range answer.Kargs {
			if i > 0 {
				fmt.Print(" ")
			}
			fmt.Print(karg)
		}
		fmt.Println()
		return 0, nil
	}
	answer, err := call(request{Method: "KernelArgs", Title: title(words), Args: args})
	if err != nil {
		return 0, err
	}
	if !answer.Changed && given.has("unchanged-exit-77") {
		return exitUnchanged, nil
	}
	if answer.Changed && !args.Reboot {
		fmt.Println(`Changes queued for next boot. Run "systemctl reboot" to start a reboot`)
	}
	return 0, nil
}

func applyLiveCommand(given flags, words []string) (int, error) {
	_, err := call(request{Method: "LiveFs", Title: title(words)})
	return 0, err
}
