package table

import "testing"

func TestFormatAligns(t *testing.T) {
	got := Format([][]string{{"a", "1"}, {"long", "2"}})

	if want := "a     1\nlong  2\n"; got != want {
		t.Fatalf("got %q, want %q", got, want)
	}
}
