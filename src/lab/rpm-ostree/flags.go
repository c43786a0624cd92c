package main

import (
	"fmt"
	"strings"
)

// options are a command's flags: true for those that take a value. Long names without dashes, or one letter.
type options map[string]bool

// flags are what was given on a command line.
type flags struct {
	values map[string][]string
	words  []string
}

func (f flags) has(name string) bool { return len(f.values[name]) > 0 }

func (f flags) last(name string) string {
	if values := f.values[name]; len(values) > 0 {
		return values[len(values)-1]
	}
	return ""
}

// short names of rpm-ostree's commands and what they stand for.
var short = map[string]map[string]string{
	"cleanup": {"p": "pending", "r": "rollback", "b": "base", "m": "repomd"},
	"rebase":  {"r": "reboot", "b": "branch", "m": "remote", "C": "cache-only"},
	"":        {"r": "reboot", "C": "cache-only", "b": "booted", "v": "verbose", "J": "jsonpath", "h": "help"},
}

func parseFlags(command string, known options, args []string) (flags, error) {
	result := flags{values: map[string][]string{}}
	for i := 0; i < len(args); i++ {
		arg := args[i]
		if arg == "--" {
			result.words = append(result.words, args[i+1:]...)
			break
		}
		if !strings.HasPrefix(arg, "-") || arg == "-" {
			result.words = append(result.words, arg)
			continue
		}
		name, value, hasValue := strings.Cut(strings.TrimLeft(arg, "-"), "=")
		names := []string{name}
		if !strings.HasPrefix(arg, "--") {
			names = longNames(command, name)
		}
		for _, one := range names {
			takesValue, isKnown := known[one]
			switch {
			case !isKnown:
				return flags{}, fmt.Errorf("Unknown option %s", arg)
			case !takesValue && hasValue:
				return flags{}, fmt.Errorf("Option %s does not take an argument", arg)
			case takesValue && !hasValue:
				if i++; i >= len(args) {
					return flags{}, fmt.Errorf("Missing argument for %s", arg)
				}
				value = args[i]
			}
			result.values[one] = append(result.values[one], value)
		}
	}
	return result, nil
}

// longNames of -pr: each letter is one.
func longNames(command, letters string) []string {
	var names []string
	for _, letter := range letters {
		name, found := short[command][string(letter)]
		if !found {
			name, found = short[""][string(letter)]
		}
		if !found {
			name = string(letter)
		}
		names = append(names, name)
	}
	return names
}
