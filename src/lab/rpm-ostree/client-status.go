package main

import (
	"encoding/json"
	"fmt"
	"os/exec"
	"strconv"
	"strings"
	"time"
)

func statusCommand(given flags, _ []string) (int, error) {
	if given.has("json") && given.has("jsonpath") {
		return 0, fmt.Errorf("Cannot specify both --json and --jsonpath")
	}
	answer, err := call(request{Method: "Status"})
	if err != nil {
		return 0, err
	}
	shown := *answer.Status
	isPending := len(shown.Deployments) > 0 && shown.Deployments[0]["booted"] != true
	if given.has("booted") {
		shown.Deployments = nil
		for _, one := range answer.Status.Deployments {
			if one["booted"] == true {
				shown.Deployments = append(shown.Deployments, one)
			}
		}
	}
	switch {
	case given.has("json"):
		text, err := prettyJSON(shown)
		if err != nil {
			return 0, err
		}
		fmt.Print(text)
	case given.has("jsonpath"):
		if err := printPath(shown, given.last("jsonpath")); err != nil {
			return 0, err
		}
	default:
		printStatus(shown, given.has("verbose"))
	}
	if given.has("pending-exit-77") && isPending {
		return exitUnchanged, nil
	}
	return 0, nil
}

// prettyJSON writes as json-glib does: `"key" : value`, an empty object as `{      }`, no newline at the end.
func prettyJSON(value any) (string, error) {
	raw, err := json.Marshal(value)
	if err != nil {
		return "", err
	}
	var parsed any
	decoder := json.NewDecoder(strings.NewReader(string(raw)))
	decoder.UseNumber()
	if err := decoder.Decode(&parsed); err != nil {
		return "", err
	}
	var b strings.Builder
	writePretty(&b, parsed, "")
	return b.String(), nil
}

func writePretty(b *strings.Builder, value any, indent string) {
	inner := indent + "  "
	switch v := value.(type) {
	case map[string]any:
		if len(v) == 0 {
			b.WriteString("{\n" + indent + "}")
			return
		}
		b.WriteString("{\n")
		first := true
		for key, item := range v { // Go's order of maps is arbitrary, as the real one's is
			if !first {
				b.WriteString(",\n")
			}
			first = false
			name, _ := json.Marshal(key)
			fmt.Fprintf(b, "%s%s : ", inner, name)
			writePretty(b, item, inner)
		}
		b.WriteString("\n" + indent + "}")
	case []any:
		if len(v) == 0 {
			b.WriteString("[\n" + indent + "]")
			return
		}
		b.WriteString("[\n")
		for i, item := range v {
			if i > 0 {
				b.WriteString(",\n")
			}
			b.WriteString(inner)
			writePretty(b, item, inner)
		}
		b.WriteString("\n" + indent + "]")
	default:
		text, _ := json.Marshal(v)
		b.Write(text)
	}
}

// printPath answers the simple paths: $.deployments[0].booted, $.transaction. The answer is a list, as JSONPath's is.
func printPath(shown status, path string) error {
	raw, err := json.Marshal(shown)
	if err != nil {
		return err
	}
	var value any
	if err := json.Unmarshal(raw, &value); err != nil {
		return err
	}
	rest := strings.NewReplacer("[", ".", "]", "").Replace(strings.TrimPrefix(path, "$"))
	for _, part := range strings.Split(strings.Trim(rest, "."), ".") {
		if part == "" {
			continue
		}
		switch v := value.(type) {
		case map[string]any:
			value = v[part]
		case []any:
			index, err := strconv.Atoi(part)
			if err != nil || index < 0 || index >= len(v) {
				return fmt.Errorf("Compiling jsonpath: this stand-in knows names and indexes only: %s", path)
			}
			value = v[index]
		default:
			value = nil
		}
	}
	text, err := prettyJSON([]any{value})
	fmt.Print(text)
	return err
}

// printStatus is for people; the words that others look for are here, the rest is roughly as the real one has it.
func printStatus(shown status, verbose bool) {
	if shown.Transaction != nil {
		fmt.Printf("State: busy\nTransaction: %s\n", strings.ToLower(shown.Transaction[0]))
	} else {
		fmt.Println("State: idle")
	}
	if words := failedFinalization(); words != "" {
		fmt.Printf("Warning: failed to finalize previous deployment\n         %s\n", words)
	}
	if driver := shown.UpdateDriver; driver != nil {
		unit := fmt.Sprint(driver["driver-sd-unit"])
		state, _ := exec.Command("systemctl", "show", "--property=ActiveState", "--value", "--", unit).Output()
		fmt.Printf("AutomaticUpdatesDriver: %v\n  DriverState: %s; %s\n", driver["driver-name"], unit, strings.TrimSpace(string(state)))
	}
	fmt.Println("Deployments:")
	for i, one := range shown.Deployments {
		mark := " "
		if one["booted"] == true {
			mark = "●"
		}
		name := one["origin"]
		if name == nil {
			name = one["container-image-reference"]
		}
		if i > 0 {
			fmt.Println()
		}
		fmt.Printf("%s %v\n", mark, name)
		if digest := one["container-image-reference-digest"]; digest != nil {
			printField("Digest", digest)
		}
		seconds, _ := one["timestamp"].(float64)
		printField("Version", fmt.Sprintf("%v (%s)", one["version"], time.Unix(int64(seconds), 0).UTC().Format(time.RFC3339)))
		if one["container-image-reference"] == nil || verbose {
			printField("Commit", one["checksum"])
		}
		if verbose {
			printField("Staged", yesNo(one["staged"] == true))
			printField("StateRoot", one["osname"])
		}
		if one["unlocked"] != "none" {
			printField("Unlocked", one["unlocked"])
		}
		if one["pinned"] == true {
			printField("Pinned", "yes")
		}
	}
}

func printField(name string, value any) { fmt.Printf("  %24s: %v\n", name, value) }

func yesNo(is bool) string {
	if is {
		return "yes"
	}
	return "no"
}

// failedFinalization is the last error of the previous boot's finalization, from the journal; gone one boot later.
func failedFinalization() string {
	out, err := exec.Command("journalctl", "--boot=-1", "--unit=ostree-finalize-staged.service", "--output=cat", "--no-pager", "--quiet").Output()
	if err != nil {
		return ""
	}
	for _, line := range strings.Split(string(out), "\n") {
		if strings.HasPrefix(line, "error: ") {
			return strings.TrimPrefix(line, "error: ")
		}
	}
	return ""
}
