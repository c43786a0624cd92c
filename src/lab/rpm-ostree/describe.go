package main

// describe is a deployment as `status --json` shows it. It never has the finalization lock: current rpm-ostree looks for a
// file that current ostree no longer makes.
func describe(d deployment) map[string]any {
	shown := map[string]any{
		"id": d.Osname + "-" + d.id(), "osname": d.Osname, "checksum": d.Checksum, "serial": d.Serial,
		"booted": d.Booted, "staged": d.Staged, "pinned": d.Pinned, "unlocked": d.Unlocked,
		"timestamp": d.Commit.Timestamp, "base-commit-meta": d.Commit.Metadata,
		"requested-packages": []string{}, "requested-local-packages": []string{},
		"requested-local-fileoverride-packages": []string{}, "requested-base-removals": []string{},
		"requested-base-local-replacements": []string{}, "packages": []string{}, "base-removals": []string{},
		"base-local-replacements": []string{}, "base-remote-replacements": map[string]any{},
		"regenerate-initramfs": false,
	}
	if version := d.version(); version != "" {
		shown["version"] = version
	}
	if d.Origin.Image != "" {
		shown["container-image-reference"] = d.Origin.Image
		if digest := d.base(); digest != "" {
			shown["container-image-reference-digest"] = digest
		}
		// The version is the image's label; the commit itself has none.
		meta := map[string]any{}
		for key, value := range d.Commit.Metadata {
			if key != "version" {
				meta[key] = value
			}
		}
		shown["base-commit-meta"] = meta
		return shown
	}
	shown["origin"] = d.Origin.Refspec
	shown["gpg-enabled"] = false
	// "pending": what was pulled differs. It need not be newer.
	if tip := pulledTip(d.Origin); tip != "" && tip != d.Checksum {
		shown["pending-base-checksum"] = tip
		if commit, err := readCommit(tip); err == nil {
			shown["pending-base-timestamp"] = commit.Timestamp
			if version, ok := commit.Metadata["version"].(string); ok {
				shown["pending-base-version"] = version
			}
		}
	}
	return shown
}
