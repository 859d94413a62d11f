package main

import (
	"bufio"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"sort"
)

// report prints one Markdown row for each scenario and server: medians over the rounds, and the
// median of the ratios of each round to the base in that same round.
func report(arguments []string) error {
	flags := flag.NewFlagSet("report", flag.ExitOnError)
	base := flags.String("base", "", "name of the server that ratios are against")
	flags.Parse(arguments)
	lines, names, err := readLines(flags.Args())
	if err != nil {
		return err
	}
	if *base == "" && len(names) > 0 {
		*base = names[0]
	}
	fmt.Printf("Ratios are against %s; a rate above 1 and a processor time below 1 are better.\n\n", *base)
	fmt.Println("| scenario | server | durability | rate | of base | server CPU | of base | peak MiB | p50 ms | p99 ms | rounds | errors |")
	fmt.Println("|---|---|---|--:|--:|--:|--:|--:|--:|--:|--:|--:|")
	for _, scenario := range scenarioOrder {
		for _, name := range names {
			if own := lines[scenario][name]; len(own) > 0 {
				fmt.Println(row(own, lines[scenario][*base]))
			}
		}
	}
	return nil
}

type byRound map[int]line

// readLines returns the outcomes by scenario and server, and the servers in order of appearance.
func readLines(files []string) (map[string]map[string]byRound, []string, error) {
	lines := map[string]map[string]byRound{}
	names := []string{}
	known := map[string]bool{}
	for _, file := range files {
		opened, err := os.Open(file)
		if err != nil {
			return nil, nil, err
		}
		defer opened.Close()
		for scanner := bufio.NewScanner(opened); scanner.Scan(); {
			var l line
			if err := json.Unmarshal(scanner.Bytes(), &l); err != nil {
				return nil, nil, fmt.Errorf("%s: %w", file, err)
			}
			if !known[l.Name] {
				known[l.Name] = true
				names = append(names, l.Name)
			}
			if lines[l.Scenario] == nil {
				lines[l.Scenario] = map[string]byRound{}
			}
			if lines[l.Scenario][l.Name] == nil {
				lines[l.Scenario][l.Name] = byRound{}
			}
			lines[l.Scenario][l.Name][l.Round] = l
		}
	}
	sort.Strings(names)
	return lines, names, nil
}

// cpuPerUnit is in milliseconds; not stated where no process was named or nothing was done.
func cpuPerUnit(l line) (float64, bool) {
	if !l.Measured || l.Units == 0 {
		return 0, false
	}
	return l.ServerCPU * 1000 / l.Units, true
}

func row(own, base byRound) string {
	var rates, rateRatios, costs, costRatios, peaks, p50s, p99s []float64
	var last line
	failed := 0
	for round, l := range own {
		last = l
		failed += l.Errors
		rates, p50s, p99s = append(rates, l.Rate), append(p50s, l.P50), append(p99s, l.P99)
		cost, stated := cpuPerUnit(l)
		if stated {
			costs, peaks = append(costs, cost), append(peaks, l.ServerPeak)
		}
		other, found := base[round]
		if found && other.Rate > 0 {
			rateRatios = append(rateRatios, l.Rate/other.Rate)
		}
		if otherCost, otherStated := cpuPerUnit(other); found && stated && otherStated && otherCost > 0 {
			costRatios = append(costRatios, cost/otherCost)
		}
	}
	return fmt.Sprintf("| %s | %s | %s | %s %s/s | %s | %s | %s | %s | %s | %s | %d | %d |",
		last.Scenario, last.Name, last.Durability, median(rates, ""), last.Unit, median(rateRatios, "x"),
		median(costs, " ms/"+last.Unit), median(costRatios, "x"), median(peaks, ""),
		median(p50s, ""), median(p99s, ""), len(own), failed)
}

func median(values []float64, suffix string) string {
	if len(values) == 0 {
		return "-"
	}
	sort.Float64s(values)
	middle := len(values) / 2
	value := values[middle]
	if len(values)%2 == 0 {
		value = (value + values[middle-1]) / 2
	}
	digits := 3
	for limit := 1.0; digits > 0 && value >= limit; limit *= 10 {
		digits--
	}
	return fmt.Sprintf("%.*f%s", digits, value, suffix)
}
