package programs

import (
	"fmt"
	"path/filepath"
	"strings"
	"testing"
)

// TestRedis puts a server with its background and I/O threads under redis-benchmark and asks it what it then holds.
func TestRedis(t *testing.T) {
	require(t, need{"redis-server", "redis-server"}, need{"redis-benchmark", "redis-tools"})
	t.Parallel()
	requests := "4000"
	if soak {
		requests = "20000"
	}
	bothWays(t, func(t *testing.T, kmv bool, dir string) string {
		sock := filepath.Join(dir, "redis.sock")
		server := start(t, kmv, dir, false, "redis-server", "--port", "0", "--unixsocket", sock, "--save", "", "--dir", dir,
			"--logfile", filepath.Join(dir, "log"), "--io-threads", "2", "--io-threads-do-reads", "yes")
		cli := func(args ...string) string {
			return output(t, dir, append([]string{"redis-cli", "-s", sock}, args...)...)
		}
		eventually(t, "the server answers", func() bool { return cli("ping") == "PONG\n" }, func() string { return cli("ping") })
		for _, pipeline := range []string{"1", "16"} {
			out := output(t, dir, "redis-benchmark", "-s", sock, "-q", "-n", requests, "-c", "20", "-P", pipeline,
				"-t", "set,get,incr,lpush,rpush,lpop,rpop,sadd,hset,zadd,lrange_100,mset")
			if strings.Contains(out, "rror") {
				t.Errorf("redis-benchmark: %s", out)
			}
		}
		said := cli("dbsize") + cli("get", "counter:__rand_int__") + cli("llen", "mylist") + cli("zcard", "myzset")
		said += cli("eval", "for i = 1, 20000 do redis.call('rpush', 'big', i * 7 % 1000) end return redis.call('llen', 'big')", "0")
		said += cli("sort", "big", "limit", "19000", "5") + cli("unlink", "big") // freed by the background thread
		for i := range 20 {
			said += cli("setrange", fmt.Sprint("key", i), fmt.Sprint(i*1000), "end")
		}
		said += cli("bitcount", "key7") + cli("strlen", "key19") + cli("object", "encoding", "key1") + cli("flushall", "async") + cli("dbsize")
		cli("shutdown", "nosave")
		said += server.status()
		server.check()
		return said
	})
}

// TestTmux runs the server under kmv with native clients, then a client under kmv on a terminal.
func TestTmux(t *testing.T) {
	require(t, need{"tmux", "tmux"})
	t.Parallel()
	bothWays(t, func(t *testing.T, kmv bool, dir string) string {
		tmux := func(args ...string) string {
			return output(t, dir, append([]string{"tmux", "-L", "kmv", "-f", "/dev/null"}, args...)...)
		}
		server := start(t, kmv, dir, false, "tmux", "-L", "kmv", "-f", "/dev/null", "-D")
		eventually(t, "the server answers", func() bool { return tmux("show", "-gv", "base-index") == "0\n" }, // starts none itself
			func() string { return tmux("show", "-gv", "base-index") })
		said := tmux("new-session", "-d", "-s", "one", "-x", "80", "-y", "24", "cat")
		said += tmux("split-window", "-h", "-t", "one", "cat") + tmux("list-panes", "-t", "one", "-F", "#{pane_width}x#{pane_height}")
		tmux("send-keys", "-t", "one", "typed into a pane", "Enter")
		screen := func() string { return tmux("capture-pane", "-p", "-t", "one") }
		eventually(t, "the pane shows it twice", func() bool { return strings.Count(screen(), "typed into a pane") == 2 }, screen)
		said += screen()
		attached := t.TempDir()
		client := start(t, kmv, attached, true, "tmux", "-S", filepath.Join(dir, "tmux-0", "kmv"), "attach", "-t", "one")
		client.expect("typed into a pane")
		client.typed("and by hand\r")
		eventually(t, "the pane shows the keys", func() bool { return strings.Count(screen(), "and by hand") == 2 }, screen)
		client.typed("\x02d") // detach
		client.expect("[detached (from session one)]")
		said += client.status()
		client.check()
		said += tmux("kill-server")
		server.status() // natively 0 or 1, as its clients' ends come in
		server.check("process")
		return said
	})
}
