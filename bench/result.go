package bench

import (
	"math"
	"os"
	"runtime"
	"slices"
	"strings"
	"time"
)

// Report is a whole bench; its JSON is what --json writes.
type Report struct {
	Version   string            `json:"version"`
	Time      time.Time         `json:"time"`
	CPU       string            `json:"cpu"`
	Cores     int               `json:"cores"`
	Kernel    string            `json:"kernel"`
	Rounds    int               `json:"rounds"`
	Workloads []Result          `json:"workloads"`
	Skipped   []Skip            `json:"skipped,omitempty"`
	Means     map[Class]float64 `json:"geometric_means"`
	CPUMeans  map[Class]float64 `json:"geometric_means_cpu"`
}

// Skip is a workload that could not be run here, and why.
type Skip struct {
	Name string `json:"name"`
	Why  string `json:"why"`
}

// Result is one workload. Times are per round, which runs the command Times times.
type Result struct {
	Name       string             `json:"name"`
	Class      Class              `json:"class"`
	Times      int                `json:"times"`
	Native     []Sample           `json:"native"`
	Kmv        []Sample           `json:"kmv"`           // with translations that an earlier run has saved
	Cold       []Sample           `json:"kmv_cold"`      // with none, --cache off
	NativeWall float64            `json:"native_wall_s"` // medians
	KmvWall    float64            `json:"kmv_wall_s"`
	ColdWall   float64            `json:"kmv_cold_wall_s"`
	Ratio      float64            `json:"ratio"` // of the medians
	CPURatio   float64            `json:"cpu_ratio"`
	ColdRatio  float64            `json:"cold_ratio"`
	Min        float64            `json:"min_ratio"` // of the rounds
	Max        float64            `json:"max_ratio"`
	Peers      map[string]float64 `json:"peers,omitempty"`
}

// sum derives medians and ratios from the samples.
func (r *Result) sum() {
	wall := func(s Sample) float64 { return s.Wall }
	cpu := func(s Sample) float64 { return s.CPU }
	r.NativeWall, r.KmvWall = medianOf(r.Native, wall), medianOf(r.Kmv, wall)
	r.ColdWall = medianOf(r.Cold, wall)
	r.Ratio, r.ColdRatio = ratio(r.KmvWall, r.NativeWall), ratio(r.ColdWall, r.NativeWall)
	r.CPURatio = ratio(medianOf(r.Kmv, cpu), medianOf(r.Native, cpu))
	r.Min, r.Max = math.Inf(1), 0
	for i := range r.Kmv {
		x := ratio(r.Kmv[i].Wall, r.Native[i].Wall)
		r.Min, r.Max = min(r.Min, x), max(r.Max, x)
	}
}

// Added is what kmv adds to one run of the command, in seconds.
func (r *Result) Added() float64 { return (r.KmvWall - r.NativeWall) / float64(r.Times) }

// AddedCold is Added of the runs without saved translations.
func (r *Result) AddedCold() float64 { return (r.ColdWall - r.NativeWall) / float64(r.Times) }

// ratio is a/b; nothing can be said if b is too small to have been measured.
func ratio(a, b float64) float64 {
	if b <= 0 {
		return 0
	}
	return a / b
}

func medianOf(samples []Sample, of func(Sample) float64) float64 {
	var x []float64
	for _, s := range samples {
		x = append(x, of(s))
	}
	return median(x)
}

// median is the middle of sorted values, or the mean of the two in the middle; 0 of none.
func median(x []float64) float64 {
	if len(x) == 0 {
		return 0
	}
	x = slices.Sorted(slices.Values(x))
	if n := len(x); n%2 == 0 {
		return (x[n/2-1] + x[n/2]) / 2
	}
	return x[len(x)/2]
}

// geometricMean is the mean for ratios; 0 of none.
func geometricMean(x []float64) float64 {
	if len(x) == 0 {
		return 0
	}
	sum := 0.0
	for _, v := range x {
		sum += math.Log(v)
	}
	return math.Exp(sum / float64(len(x)))
}

// means are the geometric means of a ratio in each class.
func means(results []Result, of func(Result) float64) map[Class]float64 {
	m := map[Class]float64{}
	for _, c := range Classes {
		if x := ratios(results, c, of); len(x) > 0 {
			m[c] = geometricMean(x)
		}
	}
	return m
}

// The ratios that have means.
func wallRatio(r Result) float64 { return r.Ratio }
func cpuRatio(r Result) float64  { return r.CPURatio }
func coldRatio(r Result) float64 { return r.ColdRatio }

// ratios are those of a class that could be measured.
func ratios(results []Result, c Class, of func(Result) float64) (x []float64) {
	for _, r := range results {
		if v := of(r); r.Class == c && v > 0 {
			x = append(x, v)
		}
	}
	return x
}

// newReport is a report that knows the machine.
func newReport(rounds int) *Report {
	return &Report{Time: time.Now().UTC().Truncate(time.Second), CPU: cpuModel(), Cores: runtime.NumCPU(),
		Kernel: firstLine("/proc/sys/kernel/osrelease"), Rounds: rounds}
}

func cpuModel() string {
	text, _ := os.ReadFile("/proc/cpuinfo") // the bench runs without it too
	for line := range strings.Lines(string(text)) {
		if name, value, ok := strings.Cut(line, ":"); ok && strings.TrimSpace(name) == "model name" {
			return strings.TrimSpace(value)
		}
	}
	return runtime.GOARCH
}

func firstLine(path string) string {
	text, _ := os.ReadFile(path)
	line, _, _ := strings.Cut(string(text), "\n")
	return line
}
