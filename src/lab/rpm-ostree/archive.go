package main

import (
	"bytes"
	"compress/flate"
	"encoding/binary"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"sort"
	"strings"
	"syscall"
)

// archive shows bare ostree repositories as one of mode "archive", the only one that can be pulled over HTTP. Nothing is
// converted before somebody asks for it, so publishing costs no more than the commit.
type archive struct{ repos []string }

const archiveConfig = "[core]\nrepo_version=1\nmode=archive-z2\n"

var objectPath = regexp.MustCompile(`^/objects/([0-9a-f]{2})/([0-9a-f]{62})\.(commit|commitmeta|dirtree|dirmeta|filez)$`)

// serve answers what belongs to the repository; false for all else.
func (a archive) serve(w http.ResponseWriter, path string) bool {
	switch {
	case path == "/config":
		_, _ = io.WriteString(w, archiveConfig)
	case path == "/summary" || strings.HasPrefix(path, "/refs/"):
		a.sendFile(w, path)
	case objectPath.MatchString(path):
		if strings.HasSuffix(path, ".filez") {
			a.sendContent(w, strings.TrimSuffix(path, "z"))
		} else {
			a.sendFile(w, path)
		}
	case strings.HasPrefix(path, "/objects/"), strings.HasPrefix(path, "/deltas/"), path == "/summary.sig":
		http.Error(w, "not found", http.StatusNotFound)
	default:
		return false
	}
	return true
}

func (a archive) find(path string) string {
	for _, repo := range a.repos {
		file := filepath.Join(repo, filepath.FromSlash(filepath.Clean(path)))
		if _, err := os.Lstat(file); err == nil {
			return file
		}
	}
	return ""
}

func (a archive) sendFile(w http.ResponseWriter, path string) {
	data, err := os.ReadFile(a.find(path))
	if err != nil {
		http.Error(w, "not found", http.StatusNotFound)
		return
	}
	_, _ = w.Write(data)
}

// sendContent turns a file of a bare repository into a .filez object: a header, then the content as raw deflate.
func (a archive) sendContent(w http.ResponseWriter, path string) {
	file := a.find(path)
	header, content, err := contentObject(file)
	if err != nil {
		http.Error(w, "not found", http.StatusNotFound)
		return
	}
	defer content.Close()
	_, _ = w.Write(header)
	packer, err := flate.NewWriter(w, flate.BestSpeed)
	if err != nil {
		return
	}
	_, _ = io.Copy(packer, content)
	_ = packer.Close()
}

func contentObject(file string) (header []byte, content io.ReadCloser, err error) {
	info, err := os.Lstat(file)
	if err != nil {
		return nil, nil, err
	}
	stat := info.Sys().(*syscall.Stat_t)
	target, size := "", uint64(0)
	content = io.NopCloser(bytes.NewReader(nil))
	if info.Mode()&os.ModeSymlink != 0 {
		if target, err = os.Readlink(file); err != nil {
			return nil, nil, err
		}
	} else {
		size = uint64(info.Size())
		if content, err = os.Open(file); err != nil {
			return nil, nil, err
		}
	}
	attributes, err := readAttributes(file)
	if err != nil {
		content.Close()
		return nil, nil, err
	}
	return archiveHeader(size, stat.Uid, stat.Gid, stat.Mode, target, attributes), content, nil
}

type attribute struct{ name, value []byte }

// archiveHeader is a GVariant (tuuuusa(ayay)) behind its length: size, uid, gid, mode, rdev, symlink's target, attributes.
func archiveHeader(size uint64, uid, gid, mode uint32, target string, attributes []attribute) []byte {
	body := make([]byte, 24, 256)
	binary.BigEndian.PutUint64(body[0:], size)
	for i, number := range []uint32{uid, gid, mode, 0} {
		binary.BigEndian.PutUint32(body[8+4*i:], number)
	}
	body = append(append(body, target...), 0)
	textEnd := len(body)
	body = append(body, variantPairs(attributes)...)
	body = appendOffsets(body, []int{textEnd})
	header := make([]byte, 8)
	binary.BigEndian.PutUint32(header, uint32(len(body)))
	return append(header, body...)
}

// variantPairs is a(ayay).
func variantPairs(attributes []attribute) []byte {
	var body []byte
	var ends []int
	for _, one := range attributes {
		// Each pair is two byte arrays; the end of the first is its only offset.
		pair := append(append([]byte{}, one.name...), one.value...)
		body = append(body, appendOffsets(pair, []int{len(one.name)})...)
		ends = append(ends, len(body))
	}
	if len(ends) == 0 {
		return nil
	}
	return appendOffsets(body, ends)
}

// appendOffsets adds framing offsets, as wide as the whole thing needs.
func appendOffsets(body []byte, ends []int) []byte {
	size := 1
	for _, next := range []int{2, 4} {
		if offsetSize(len(body)+size*len(ends)) > size {
			size = next
		}
	}
	for _, end := range ends {
		for i := 0; i < size; i++ {
			body = append(body, byte(end>>(8*i)))
		}
	}
	return body
}

// readAttributes lists extended attributes by name, each name with a zero behind it, as ostree stores them.
func readAttributes(file string) ([]attribute, error) {
	names := make([]byte, 64<<10)
	n, err := syscall.Listxattr(file, names)
	if err != nil || n == 0 || isSymlink(file) { // a symlink's would be those of its target
		return nil, nil
	}
	var result []attribute
	for _, name := range strings.Split(strings.Trim(string(names[:n]), "\x00"), "\x00") {
		value := make([]byte, 64<<10)
		size, err := syscall.Getxattr(file, name, value)
		if err != nil {
			return nil, err
		}
		result = append(result, attribute{append([]byte(name), 0), value[:size]})
	}
	sort.Slice(result, func(a, b int) bool { return bytes.Compare(result[a].name, result[b].name) < 0 })
	return result, nil
}

func isSymlink(file string) bool {
	info, err := os.Lstat(file)
	return err == nil && info.Mode()&os.ModeSymlink != 0
}
