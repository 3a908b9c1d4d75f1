package x86

import "testing"

// BenchmarkDecode decodes libc from its first instruction on; ns/inst is the figure to watch.
func BenchmarkDecode(b *testing.B) {
	var data []byte
	for _, s := range textOf(b, oracleFiles(b)[0]) {
		if len(s.data) > len(data) {
			data = s.data
		}
	}
	var in Inst
	count := 0
	b.ReportAllocs()
	for b.Loop() {
		for at := 0; at+maxLen < len(data); at += int(max(in.Len, 1)) {
			_ = Decode(data[at:], &in)
			count++
		}
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(count), "ns/inst")
	b.ReportMetric(0, "ns/op")
}
