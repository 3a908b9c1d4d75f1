// Package campaign shows what memory errors do to programs: it runs them many times, each time with an error of its own, and
// counts what came of it.
//
//	golden runs (native) ----+                          +--> table, with 95% intervals (table.go)
//	calibration (kmv) --> plan (plan.go) --> runs ------+--> JSON (campaign.go)
//	                       cells: region x kind x       +--> a page with charts (html.go)
//	                       third of the run   (outcome.go says what came of a run)
//
// Every choice comes from the seed: the plan is the same each time, and a run of it can be made again by its number. A run
// has an empty directory of its own; what it prints, the files that it leaves there and its status must be those of the
// native run. The program's time is the one thing that is not repeated exactly: errors whose moment is in milliseconds.
package campaign
