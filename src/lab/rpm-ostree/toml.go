package main

import (
	"fmt"
	"strconv"
	"strings"
)

// parseTOML reads what Zincati's settings are written in: tables, lists of tables, strings, numbers, booleans, lists of
// strings. Anything else is an error that names its line.
func parseTOML(text string) (map[string]any, error) {
	root := map[string]any{}
	table := root
	lines := strings.Split(text, "\n")
	for i := 0; i < len(lines); i++ {
		line := strings.TrimSpace(withoutComment(lines[i]))
		number := i + 1
		if line == "" {
			continue
		}
		if strings.HasPrefix(line, "[") && !strings.Contains(line, "=") {
			isList := strings.HasPrefix(line, "[[") && strings.HasSuffix(line, "]]")
			if !strings.HasSuffix(line, "]") {
				return nil, fmt.Errorf("line %d: not a table: %s", number, line)
			}
			var err error
			if table, err = openTable(root, strings.Split(strings.Trim(line, "[] "), "."), isList); err != nil {
				return nil, fmt.Errorf("line %d: %w", number, err)
			}
			continue
		}
		key, value, found := strings.Cut(line, "=")
		if !found {
			return nil, fmt.Errorf("line %d: no value: %s", number, line)
		}
		value = strings.TrimSpace(value)
		for strings.HasPrefix(value, "[") && !strings.HasSuffix(value, "]") && i+1 < len(lines) {
			i++
			value += strings.TrimSpace(withoutComment(lines[i]))
		}
		parsed, err := tomlValue(value)
		if err != nil {
			return nil, fmt.Errorf("line %d: %w", number, err)
		}
		at := table
		parts := strings.Split(strings.TrimSpace(key), ".")
		if len(parts) > 1 {
			if at, err = openTable(table, parts[:len(parts)-1], false); err != nil {
				return nil, fmt.Errorf("line %d: %w", number, err)
			}
		}
		at[strings.TrimSpace(parts[len(parts)-1])] = parsed
	}
	return root, nil
}

func openTable(at map[string]any, path []string, isList bool) (map[string]any, error) {
	for i, part := range path {
		part = strings.TrimSpace(part)
		next := at[part]
		if isList && i == len(path)-1 {
			list, _ := next.([]any)
			item := map[string]any{}
			at[part] = append(list, item)
			return item, nil
		}
		switch v := next.(type) {
		case nil:
			child := map[string]any{}
			at[part] = child
			at = child
		case map[string]any:
			at = v
		case []any:
			last, ok := v[len(v)-1].(map[string]any)
			if !ok {
				return nil, fmt.Errorf("%s is not a table", part)
			}
			at = last
		default:
			return nil, fmt.Errorf("%s is not a table", part)
		}
	}
	return at, nil
}

func tomlValue(text string) (any, error) {
	switch {
	case text == "true" || text == "false":
		return text == "true", nil
	case len(text) >= 2 && (text[0] == '"' || text[0] == '\'') && text[len(text)-1] == text[0]:
		if text[0] == '\'' {
			return text[1 : len(text)-1], nil
		}
		return strconv.Unquote(text)
	case strings.HasPrefix(text, "[") && strings.HasSuffix(text, "]"):
		items := []any{}
		for _, item := range strings.Split(text[1:len(text)-1], ",") {
			if item = strings.TrimSpace(item); item == "" {
				continue
			}
			value, err := tomlValue(item)
			if err != nil {
				return nil, err
			}
			items = append(items, value)
		}
		return items, nil
	}
	number, err := strconv.ParseFloat(strings.ReplaceAll(text, "_", ""), 64)
	if err != nil {
		return nil, fmt.Errorf("not a value: %s", text)
	}
	return number, nil
}

// withoutComment cuts at a # that stands in no string.
func withoutComment(line string) string {
	var quote rune
	for at, char := range line {
		switch {
		case quote != 0 && char == quote:
			quote = 0
		case quote == 0 && (char == '"' || char == '\''):
			quote = char
		case quote == 0 && char == '#':
			return line[:at]
		}
	}
	return line
}
