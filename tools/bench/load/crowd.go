package main

import (
	"sort"
	"sync"
	"sync/atomic"
	"time"
)

// tally is what a crowd of clients did.
type tally struct {
	seconds    float64
	done       int
	failed     int
	firstError string
	// Time of each operation that went well, sorted.
	times []time.Duration
}

// member is one client: its times and its failures, kept apart so that clients share nothing.
type member struct {
	times      []time.Duration
	failed     int
	firstError string
}

func (m *member) note(started time.Time, err error) {
	if err == nil {
		m.times = append(m.times, time.Since(started))
		return
	}
	m.failed++
	if m.firstError == "" {
		m.firstError = err.Error()
	}
}

func gather(members []member, seconds float64) tally {
	t := tally{seconds: seconds}
	for _, m := range members {
		t.times = append(t.times, m.times...)
		t.failed += m.failed
		if t.firstError == "" {
			t.firstError = m.firstError
		}
	}
	t.done = len(t.times)
	sort.Slice(t.times, func(i, j int) bool { return t.times[i] < t.times[j] })
	return t
}

// milliseconds gives the time that the stated share of the operations did not exceed.
func (t tally) milliseconds(share float64) float64 {
	if len(t.times) == 0 {
		return 0
	}
	return float64(t.times[min(len(t.times)-1, int(share*float64(len(t.times))))].Microseconds()) / 1000
}

// shareOut lets `clients` work off `count` numbered operations, each taking the next free number.
func shareOut(clients, count int, work func(client, number int) error) tally {
	members := make([]member, clients)
	var next atomic.Int64
	var all sync.WaitGroup
	begin := time.Now()
	for c := range members {
		all.Add(1)
		go func(c int) {
			defer all.Done()
			for {
				number := int(next.Add(1)) - 1
				if number >= count {
					return
				}
				started := time.Now()
				members[c].note(started, work(c, number))
			}
		}(c)
	}
	all.Wait()
	return gather(members, time.Since(begin).Seconds())
}

// repeat lets every connection send its one request again and again until the time is over.
func repeat(connections []*rawConnection, span time.Duration) tally {
	members := make([]member, len(connections))
	var all sync.WaitGroup
	begin := time.Now()
	for c := range connections {
		all.Add(1)
		go func(c int) {
			defer all.Done()
			for time.Since(begin) < span {
				started := time.Now()
				err := connections[c].once()
				members[c].note(started, err)
				if err == nil {
					continue
				}
				if connections[c].redial() != nil {
					return
				}
			}
		}(c)
	}
	all.Wait()
	return gather(members, time.Since(begin).Seconds())
}
