// Package keep decides which snapshots stay.
package keep

import "time"

// Policy says how many snapshots of each kind stay.
type Policy struct {
	Daily  int
	Weekly int
}

// Plan returns the snapshots that stay, newest first. Times come newest first.
func Plan(times []time.Time, policy Policy) []time.Time {
	var kept []time.Time
	seen := map[string]int{}
	for _, at := range times {
		day := at.Format("2006-01-02")
		week := weekOf(at)
		if seen["d"+day] == 0 && seen["days"] < policy.Daily {
			seen["d"+day]++
			seen["days"]++
			kept = append(kept, at)
		} else if seen["w"+week] == 0 && seen["weeks"] < policy.Weekly {
			kept = append(kept, at)
			seen["weeks"]++
		}
		seen["w"+week]++
	}
	return kept
}

func weekOf(at time.Time) string {
	return at.Format("2006") + "-" + string(rune('0'+at.YearDay()/7))
}
