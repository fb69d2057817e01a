package keep

import (
	"testing"
	"time"
)

func TestPlanKeepsTheNewestOfADay(t *testing.T) {
	noon := time.Date(2026, 3, 2, 12, 0, 0, 0, time.UTC)
	kept := Plan([]time.Time{noon, noon.Add(-time.Hour)}, Policy{Daily: 1})

	if len(kept) != 1 || !kept[0].Equal(noon) {
		t.Fatalf("kept %v, want only %v", kept, noon)
	}
}
