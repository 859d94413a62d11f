// Load measures container registries: one scenario against one server a run, one JSON line a run,
// and a table with ratios from many such lines.
//
//	load run -name slipway -url http://user:password@127.0.0.1:8080 -pids 123 -scenario push-small >>lines
//	load report -base other lines
//	load scenarios
package main

import (
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"strconv"
	"syscall"
	"time"
)

// line is the outcome of one run.
type line struct {
	Name       string  `json:"name"`
	Durability string  `json:"durability"`
	Scenario   string  `json:"scenario"`
	Round      int     `json:"round"`
	Size       int64   `json:"size_bytes"`
	Clients    int     `json:"clients"`
	Unit       string  `json:"unit"`
	Rate       float64 `json:"units_per_second"`
	Units      float64 `json:"units"`
	Seconds    float64 `json:"seconds"`
	Errors     int     `json:"errors"`
	FirstError string  `json:"first_error,omitempty"`
	P50        float64 `json:"p50_ms"`
	P99        float64 `json:"p99_ms"`
	ServerCPU  float64 `json:"server_cpu_seconds"`
	ServerPeak float64 `json:"server_peak_mib"`
	ClientCPU  float64 `json:"client_cpu_seconds"`
	Verified   bool    `json:"verified"`
	Measured   bool    `json:"server_measured"`
}

func main() {
	if err := command(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "load:", err)
		os.Exit(1)
	}
}

func command(arguments []string) error {
	if len(arguments) == 0 {
		return fmt.Errorf("run, report or scenarios; -h after run or report lists the flags")
	}
	switch arguments[0] {
	case "run":
		return run(arguments[1:])
	case "report":
		return report(arguments[1:])
	case "scenarios":
		for _, name := range scenarioOrder {
			fmt.Printf("%-14s %s\n", name, scenarios[name].about)
		}
		return nil
	}
	return fmt.Errorf("unknown command %q", arguments[0])
}

func run(arguments []string) error {
	flags := flag.NewFlagSet("run", flag.ExitOnError)
	name := flags.String("name", "registry", "name of the server in the report")
	durability := flags.String("durability", "", "what the server promises about the disk, for the report")
	address := flags.String("url", "", "http or https URL, with user:password@ where a login is needed")
	pidList := flags.String("pids", "", "processes of the server, separated by commas; their children count too")
	round := flags.Int("round", 1, "number of the round")
	verify := flags.Bool("verify", true, "compare what is pulled with what was pushed")
	var p plan
	flags.StringVar(&p.scenario, "scenario", "", "what to run")
	flags.StringVar(&p.prefix, "prefix", "bench", "first part of the repository names")
	flags.StringVar(&p.id, "id", strconv.FormatInt(time.Now().UnixNano(), 36), "names the content; a pull finds the push with its id")
	size := flags.String("size", "", "bytes of a blob or layer, such as 4KiB, 16MiB, 1GiB")
	flags.IntVar(&p.count, "count", 0, "blobs, images or tags")
	flags.IntVar(&p.clients, "clients", 0, "clients or connections at once")
	flags.DurationVar(&p.span, "span", 0, "time of a request rate")
	flags.Parse(arguments)

	chosen, found := scenarios[p.scenario]
	if !found {
		return fmt.Errorf("unknown scenario %q", p.scenario)
	}
	var err error
	if p.size, err = parseSize(*size); err != nil {
		return err
	}
	p.fill(chosen.defaults)
	pids, err := parsePids(*pidList)
	if err != nil {
		return err
	}
	server, err := newRegistry(*address, p.clients+4, *verify)
	if err != nil {
		return err
	}
	measured, err := measure(server, p, chosen, pids)
	if err != nil {
		return fmt.Errorf("%s on %s: %w", p.scenario, *name, err)
	}
	measured.Name, measured.Durability, measured.Round, measured.Verified = *name, *durability, *round, *verify
	if err := json.NewEncoder(os.Stdout).Encode(measured); err != nil {
		return err
	}
	if measured.Errors > 0 {
		return fmt.Errorf("%s on %s: errors: %d, first: %s", p.scenario, *name, measured.Errors, measured.FirstError)
	}
	return nil
}

// fill takes what was not given from the scenario's defaults.
func (p *plan) fill(defaults plan) {
	if p.size == 0 {
		p.size = defaults.size
	}
	if p.count == 0 {
		p.count = defaults.count
	}
	if p.clients == 0 {
		p.clients = defaults.clients
		if defaults.count > 0 {
			p.clients = min(p.clients, p.count)
		}
	}
	if p.span == 0 {
		p.span = defaults.span
	}
}

func measure(server *registry, p plan, chosen scenario, pids []int) (line, error) {
	timed, err := chosen.setUp(server, p)
	if err != nil {
		return line{}, err
	}
	if err := forgetPeaks(pids); err != nil {
		return line{}, err
	}
	serverBefore, clientBefore := cpuSeconds(pids), ownSeconds()
	t := timed()
	serverCPU, clientCPU := cpuSeconds(pids)-serverBefore, ownSeconds()-clientBefore
	for _, pid := range pids {
		if _, err := readStat(pid); err != nil {
			return line{}, fmt.Errorf("a process of the server ended: %w", err)
		}
	}
	l := line{
		Scenario: p.scenario, Size: p.size, Clients: p.clients, Unit: chosen.unit,
		Units: float64(t.done), Seconds: t.seconds, Errors: t.failed, FirstError: t.firstError,
		P50: t.milliseconds(0.5), P99: t.milliseconds(0.99),
		ServerCPU: serverCPU, ServerPeak: peakMiB(pids), ClientCPU: clientCPU, Measured: len(pids) > 0,
	}
	if chosen.bytes {
		l.Units *= float64(p.size) / (1 << 20)
	}
	l.Rate = l.Units / t.seconds
	return l, nil
}

func ownSeconds() float64 {
	var usage syscall.Rusage
	if syscall.Getrusage(syscall.RUSAGE_SELF, &usage) != nil {
		return 0
	}
	return time.Duration(usage.Utime.Nano() + usage.Stime.Nano()).Seconds()
}

func parseSize(text string) (int64, error) {
	digits, factor := text, int64(1)
	for i, unit := range []string{"KiB", "MiB", "GiB"} {
		if n := len(text) - len(unit); n > 0 && text[n:] == unit {
			digits, factor = text[:n], 1<<(10*(i+1))
		}
	}
	if text == "" {
		return 0, nil
	}
	n, err := strconv.ParseInt(digits, 10, 64)
	if err != nil || n <= 0 {
		return 0, fmt.Errorf("%q is not a size", text)
	}
	return n * factor, nil
}
