package main

import (
	"encoding/binary"
	"errors"
	"fmt"
)

// GVariant's binary form, as far as commits and /run/ostree/staged-deployment need it: dictionaries a{sv} of strings,
// lists of strings, booleans, numbers. https://docs.gtk.org/glib/gvariant-specification-1.0.html

var errVariant = errors.New("not a GVariant of the expected type")

// commitObject is what status needs of a .commit object, whose type is (a{sv}aya(say)sstayay).
type commitObject struct {
	Metadata  map[string]any
	Timestamp uint64
}

func parseCommit(data []byte) (commitObject, error) {
	// Framing offsets of children 0-4 and 6, last child first.
	size := offsetSize(len(data))
	if len(data) < 6*size {
		return commitObject{}, errVariant
	}
	offset := func(fromEnd int) int { return readOffset(data, len(data)-fromEnd*size, size) }
	metadataEnd, bodyEnd := offset(1), offset(5)
	stamp := align(bodyEnd, 8)
	if metadataEnd > len(data) || stamp+8 > len(data) {
		return commitObject{}, errVariant
	}
	metadata, err := parseDict(data[:metadataEnd])
	if err != nil {
		return commitObject{}, err
	}
	return commitObject{metadata, binary.BigEndian.Uint64(data[stamp:])}, nil
}

// parseDict reads a{sv}.
func parseDict(data []byte) (map[string]any, error) {
	result := map[string]any{}
	entries, err := splitArray(data, 8)
	for _, entry := range entries {
		size := offsetSize(len(entry))
		if len(entry) < size {
			return nil, errVariant
		}
		keyEnd := readOffset(entry, len(entry)-size, size)
		valueStart, valueEnd := align(keyEnd, 8), len(entry)-size
		if keyEnd < 1 || valueStart > valueEnd {
			return nil, errVariant
		}
		result[string(entry[:keyEnd-1])] = parseVariant(entry[valueStart:valueEnd])
	}
	return result, err
}

// parseVariant reads v; a type that nobody needs becomes its name.
func parseVariant(data []byte) any {
	end := len(data) - 1
	for end >= 0 && data[end] != 0 {
		end--
	}
	if end < 0 {
		return nil
	}
	value, kind := data[:end], string(data[end+1:])
	switch {
	case kind == "s" && len(value) > 0:
		return string(value[:len(value)-1])
	case kind == "b" && len(value) == 1:
		return value[0] != 0
	case kind == "t" && len(value) == 8:
		return binary.LittleEndian.Uint64(value)
	case kind == "u" && len(value) == 4:
		return binary.LittleEndian.Uint32(value)
	case kind == "as":
		items, err := splitArray(value, 1)
		if err != nil {
			return nil
		}
		texts := []string{}
		for _, item := range items {
			if len(item) > 0 {
				texts = append(texts, string(item[:len(item)-1]))
			}
		}
		return texts
	case kind == "a{sv}":
		dict, err := parseDict(value)
		if err != nil {
			return nil
		}
		return dict
	}
	return fmt.Sprintf("(%s)", kind)
}

// splitArray cuts an array of elements of variable size.
func splitArray(data []byte, alignment int) ([][]byte, error) {
	if len(data) == 0 {
		return nil, nil
	}
	size := offsetSize(len(data))
	table := readOffset(data, len(data)-size, size)
	if table > len(data)-size || (len(data)-table)%size != 0 {
		return nil, errVariant
	}
	var elements [][]byte
	start := 0
	for at := table; at < len(data); at += size {
		end := readOffset(data, at, size)
		start = align(start, alignment)
		if end < start || end > table {
			return nil, errVariant
		}
		elements = append(elements, data[start:end])
		start = end
	}
	return elements, nil
}

func offsetSize(total int) int {
	switch {
	case total <= 0xff:
		return 1
	case total <= 0xffff:
		return 2
	default:
		return 4
	}
}

func readOffset(data []byte, at, size int) int {
	value := 0
	for i := size - 1; i >= 0; i-- {
		if at+i < 0 || at+i >= len(data) {
			return len(data)
		}
		value = value<<8 | int(data[at+i])
	}
	return value
}

func align(at, to int) int { return (at + to - 1) / to * to }
