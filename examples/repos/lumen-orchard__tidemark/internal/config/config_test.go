package config

import "testing"

func TestMissingFileMeansDefaults(t *testing.T) {
	settings, err := Parse("no-such-file")

	if err != nil || settings.Keep != "daily=7" {
		t.Fatalf("got %+v, %v", settings, err)
	}
}
