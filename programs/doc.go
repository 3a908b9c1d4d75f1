// Package programs proves kmv on programs: each is run natively and under `kmv run --verify`, and everything that can be
// seen of the two runs must be equal: standard output, standard error, exit status, files. The report must say that
// no byte differs from its copy and that no write was left out. It is tests only:
//
//	guests_test.go    testdata/guests: one behaviour each
//	matrix_test.go    real programs, as rows of data; servers_test.go and terminal_test.go drive what needs a partner
//	compare_test.go   run both, compare, say the first difference and how to see it again
//
// KMV_SOAK=1 runs the long rows and the full sizes. Nothing here measures time.
package programs
