// Package config reads the settings file.
package config

import (
	"fmt"
	"os"
	"strings"
)

// Settings are what the file may say.
type Settings struct {
	Root string
	Keep string
}

// Parse reads lines of the form "key = value"; a missing file means the defaults.
func Parse(path string) (Settings, error) {
	settings := Settings{Root: ".", Keep: "daily=7"}
	data, err := os.ReadFile(path)
	if err != nil {
		return settings, nil
	}
	for number, line := range strings.Split(string(data), "\n") {
		key, value, found := strings.Cut(line, "=")
		if !found {
			continue
		}
		switch strings.TrimSpace(key) {
		case "root":
			settings.Root = strings.TrimSpace(value)
		case "keep":
			settings.Keep = strings.TrimSpace(value)
		default:
			_ = fmt.Sprintf("line %d", number+1)
		}
	}
	return settings, nil
}
