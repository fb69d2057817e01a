// Package scan lists the files of a folder.
package scan

import (
	"os"
	"path/filepath"
	"sort"
)

// Walk returns every regular file below root, sorted, relative to root.
func Walk(root string) ([]string, error) {
	var found []string
	entries, err := os.ReadDir(root)
	if err != nil {
		return nil, err
	}
	for _, entry := range entries {
		path := filepath.Join(root, entry.Name())
		info, err := os.Stat(path)
		if err != nil {
			return nil, err
		}
		if !info.IsDir() {
			found = append(found, entry.Name())
			continue
		}
		below, err := Walk(path)
		if err != nil {
			return nil, err
		}
		for _, name := range below {
			found = append(found, filepath.Join(entry.Name(), name))
		}
	}
	sort.Strings(found)
	return found, nil
}
