// Package bench measures what kmv costs: the same programs natively and under `kmv run`, in turns, so that whatever else the
// machine does meets both alike. Its rules: a workload is a row in workloads.go; what it needs is made once, in a cache;
// what both runs print must be equal, or the bench fails; medians decide.
//
//	workloads.go   the rows            files.go, generate.go   programs and inputs, made once
//	run.go         one timed run       round.go                native and kmv in turns, peers
//	result.go      medians, means      table.go                bars and columns; JSON is result.go as it is
package bench
