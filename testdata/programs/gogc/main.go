// Command gogc keeps Go's scheduler and garbage collector busy: goroutines, channels, maps, finalizers, panics, timers.
package main

import (
	"crypto/sha256"
	"fmt"
	"os"
	"runtime"
	"runtime/debug"
	"sort"
	"strings"
	"sync"
	"time"
)

type node struct {
	left, right *node
	data        [5]int
}

func tree(d int) *node {
	if d == 0 {
		return &node{}
	}
	return &node{left: tree(d - 1), right: tree(d - 1)}
}

func (n *node) count() int {
	if n.left == nil {
		return 1
	}
	return 1 + n.left.count() + n.right.count()
}

func worker(id int, in <-chan int, out chan<- string) {
	for v := range in {
		func() {
			defer func() {
				if r := recover(); r != nil {
					out <- fmt.Sprintf("%03d recovered %v", v, r)
				}
			}()
			if v%50 == 7 {
				var p *node
				p.data[v%5] = id // nil dereference: SIGSEGV becomes a panic
			}
			out <- fmt.Sprintf("%03d %x", v, sha256.Sum256([]byte(strings.Repeat("x", v*10))))
		}()
	}
}

func main() {
	debug.SetGCPercent(20)
	in, out := make(chan int), make(chan string, 10)
	var wg sync.WaitGroup
	for i := range 50 {
		wg.Go(func() { worker(i, in, out) })
	}
	go func() {
		for v := range 300 {
			in <- v
		}
		close(in)
		wg.Wait()
		close(out)
	}()
	var lines []string
	for s := range out {
		lines = append(lines, s)
		_ = tree(8).count()
	}
	sort.Strings(lines)
	fmt.Printf("%x\n%s\n", sha256.Sum256([]byte(strings.Join(lines, "\n"))), lines[57])
	m, total := map[string]int{}, 0
	for i := range 50000 {
		m[fmt.Sprint("key", i%5000)] += i
	}
	for _, v := range m {
		total += v
	}
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	for d := 4; d <= 16; d += 4 {
		fmt.Println("tree", d, tree(d).count())
	}
	runtime.GC()
	runtime.ReadMemStats(&after)
	fmt.Println("map", len(m), total, "collected", after.NumGC > before.NumGC)
	select {
	case <-time.After(20 * time.Millisecond):
		fmt.Println("timer")
	case <-make(chan int):
	}
	os.Exit(9)
}
