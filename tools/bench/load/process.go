package main

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
)

// Linux reports processor time to programs in hundredths of a second on every architecture.
const ticksPerSecond = 100

// processStat is what one /proc/PID/stat tells that matters here.
type processStat struct {
	parent int
	// Ticks of the process and of the children it has already waited for.
	ticks int64
}

func readStat(pid int) (processStat, error) {
	raw, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return processStat{}, err
	}
	// The command may hold spaces and brackets, so fields are counted from the last bracket.
	end := bytes.LastIndexByte(raw, ')')
	fields := strings.Fields(string(raw[end+1:]))
	if end < 0 || len(fields) < 15 {
		return processStat{}, fmt.Errorf("stat of process %d is cut short", pid)
	}
	parent, err := strconv.Atoi(fields[1])
	if err != nil {
		return processStat{}, err
	}
	stat := processStat{parent: parent}
	for _, field := range fields[11:15] {
		ticks, err := strconv.ParseInt(field, 10, 64)
		if err != nil {
			return processStat{}, err
		}
		stat.ticks += ticks
	}
	return stat, nil
}

// processTree returns the named processes with everything below them, each once.
func processTree(roots []int) map[int]processStat {
	entries, _ := filepath.Glob("/proc/[0-9]*")
	all := map[int]processStat{}
	below := map[int][]int{}
	for _, entry := range entries {
		pid, err := strconv.Atoi(filepath.Base(entry))
		if err != nil {
			continue
		}
		// A process that ended since the listing is simply not there.
		if stat, err := readStat(pid); err == nil {
			all[pid] = stat
			below[stat.parent] = append(below[stat.parent], pid)
		}
	}
	tree := map[int]processStat{}
	for queue := roots; len(queue) > 0; queue = queue[1:] {
		pid := queue[0]
		stat, lives := all[pid]
		if _, seen := tree[pid]; seen || !lives {
			continue
		}
		tree[pid] = stat
		queue = append(queue[:len(queue):len(queue)], below[pid]...)
	}
	return tree
}

// cpuSeconds sums the processor time of a tree. A child that ends in between moves into its
// parent's share of waited-for children, so the difference of two sums loses nothing.
func cpuSeconds(roots []int) float64 {
	var ticks int64
	for _, stat := range processTree(roots) {
		ticks += stat.ticks
	}
	return float64(ticks) / ticksPerSecond
}

// forgetPeaks makes the kernel count the peak memory of a tree from now on.
func forgetPeaks(roots []int) error {
	for pid := range processTree(roots) {
		if err := os.WriteFile(fmt.Sprintf("/proc/%d/clear_refs", pid), []byte("5"), 0); err != nil && !os.IsNotExist(err) {
			return err
		}
	}
	return nil
}

// peakMiB sums the peaks of a tree. Memory that its processes share (a database's buffers, mapped
// files) counts once, as much as the largest sharer has of it.
func peakMiB(roots []int) float64 {
	var private, sharedMost, filesMost int64
	for pid := range processTree(roots) {
		raw, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
		if err != nil {
			continue
		}
		values := map[string]int64{}
		for _, line := range strings.Split(string(raw), "\n") {
			name, value, found := strings.Cut(line, ":")
			if !found {
				continue
			}
			text := strings.TrimSuffix(strings.TrimSpace(value), " kB")
			if n, err := strconv.ParseInt(text, 10, 64); err == nil {
				values[name] = n
			}
		}
		shared, files := values["RssShmem"], values["RssFile"]
		private += max(values["VmHWM"]-shared-files, 0)
		sharedMost, filesMost = max(sharedMost, shared), max(filesMost, files)
	}
	return float64(private+sharedMost+filesMost) / 1024
}

// parsePids reads "12,34" and refuses a process that is not there.
func parsePids(text string) ([]int, error) {
	var pids []int
	for _, part := range strings.Split(text, ",") {
		if part == "" {
			continue
		}
		pid, err := strconv.Atoi(part)
		if err != nil {
			return nil, fmt.Errorf("%q is not a process id", part)
		}
		if _, err := readStat(pid); err != nil {
			return nil, fmt.Errorf("process %d: %w", pid, err)
		}
		pids = append(pids, pid)
	}
	return pids, nil
}
