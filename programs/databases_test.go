package programs

import (
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// TestRedisSaves lets the server fork while it is written to: a snapshot, and a rewrite of its log.
func TestRedisSaves(t *testing.T) {
	require(t, need{"redis-server", "redis-server"}, need{"redis-benchmark", "redis-tools"})
	t.Parallel()
	bothWays(t, func(t *testing.T, kmv bool, dir string) string {
		sock := filepath.Join(dir, "s")
		server := start(t, kmv, dir, false, "redis-server", "--port", "0", "--unixsocket", sock, "--save", "", "--appendonly", "yes",
			"--dir", dir, "--logfile", filepath.Join(dir, "log"), "--appendfsync", "no")
		cli := func(args ...string) string {
			return output(t, dir, append([]string{"redis-cli", "-s", sock}, args...)...)
		}
		status := func() string { return cli("info", "persistence") }
		eventually(t, "the server answers", func() bool { return cli("ping") == "PONG\n" }, status)
		said := cli("eval", "for i = 1, 20000 do redis.call('set', 'k' .. i, string.rep('v', i % 100)) end return 1", "0")
		for _, save := range []string{"bgsave", "bgrewriteaof"} {
			said += cli(save)
			out := output(t, dir, "redis-benchmark", "-s", sock, "-q", "-n", "3000", "-c", "10", "-t", "set,incr")
			if strings.Contains(out, "rror") {
				t.Errorf("redis-benchmark: %s", out)
			}
			eventually(t, save+" ends", func() bool {
				return strings.Contains(status(), "rdb_bgsave_in_progress:0\r") && strings.Contains(status(), "aof_rewrite_in_progress:0\r") &&
					strings.Contains(status(), "aof_rewrite_scheduled:0\r")
			}, status)
		}
		for _, key := range []string{"rdb_last_bgsave_status:ok", "aof_last_bgrewrite_status:ok"} {
			said += fmt.Sprint(key, strings.Contains(status(), key), "\n")
		}
		said += cli("dbsize") + cli("get", "k777") + cli("shutdown", "nosave") + server.status()
		server.check()
		said += output(t, dir, "sh", "-c", "redis-check-rdb dump.rdb | grep -o 'looks OK'")
		return said
	})
}

// TestNginx has two workers, a shared memory zone, and a change of its workers in between.
func TestNginx(t *testing.T) {
	require(t, need{"nginx", "nginx-light"}, need{"ab", "apache2-utils"}, need{"curl", "curl"})
	t.Parallel()
	bothWays(t, func(t *testing.T, kmv bool, dir string) string {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		address := l.Addr().String()
		l.Close()
		page := strings.Repeat("<p>a page that is worth compressing</p>\n", 200)
		for name, text := range map[string]string{"index.html": page, "conf": fmt.Sprintf(`daemon off; worker_processes 2; pid %[1]s/pid; error_log %[1]s/errors;
			events { worker_connections 128; }
			http { access_log %[1]s/access; client_body_temp_path %[1]s/t1; proxy_temp_path %[1]s/t2; fastcgi_temp_path %[1]s/t3; uwsgi_temp_path %[1]s/t4; scgi_temp_path %[1]s/t5;
			limit_req_zone $binary_remote_addr zone=z:1m rate=100000r/s;
			server { listen %[2]s; root %[1]s; limit_req zone=z burst=1000000 nodelay; gzip on; gzip_types *; } }`, dir, address)} {
			if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o644); err != nil {
				t.Fatal(err)
			}
		}
		for d := dir; d != "/"; d = filepath.Dir(d) { // its workers are nobody
			_ = os.Chmod(d, 0o755)
		}
		_ = os.Chmod("/tmp", 0o1777)
		server := start(t, kmv, dir, false, "nginx", "-p", dir, "-c", filepath.Join(dir, "conf"))
		get := func(args ...string) string {
			return output(t, dir, append([]string{"curl", "-s", "--compressed", "http://" + address + "/"}, args...)...)
		}
		eventually(t, "the server answers", func() bool { return get() == page }, func() string { return get() })
		requests := "1000"
		if soak {
			requests = "100000"
		}
		said := output(t, dir, "sh", "-c", "ab -q -n "+requests+" -c 10 -k http://"+address+"/ 2>&1 | grep -E '^(Complete|Failed|Non-2xx)'")
		pid := strings.TrimSpace(output(t, dir, "cat", "pid"))
		said += output(t, dir, "kill", "-HUP", pid) + fmt.Sprint(get("-H", "X: y") == page, get("-I") != "") + "\n"
		said += output(t, dir, "kill", "-QUIT", pid) + server.status()
		server.check()
		return said
	})
}

// TestPostgres (in the soak: five minutes) makes a cluster, serves it, and has it written by several clients; its backends share memory.
func TestPostgres(t *testing.T) {
	bin, _ := filepath.Glob("/usr/lib/postgresql/*/bin/postgres")
	if len(bin) == 0 || os.Geteuid() != 0 || !soak {
		t.Skip("only with KMV_SOAK=1, postgres and the right to run it as another user (apt-get install postgresql)")
	}
	t.Parallel()
	tool := func(name string) string { return filepath.Join(filepath.Dir(bin[0]), name) }
	as := []string{"setpriv", "--reuid=postgres", "--regid=postgres", "--init-groups", "env", "PGTZ=UTC"}
	bothWays(t, func(t *testing.T, kmv bool, _ string) string {
		dir, err := os.MkdirTemp("/tmp", "kmv-pg-") // a path that a socket's name may have
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { os.RemoveAll(dir) })
		if err := os.Chmod(dir, 0o777); err != nil {
			t.Fatal(err)
		}
		data := filepath.Join(dir, "data")
		var said string
		run := func(argv ...string) {
			p := start(t, kmv, dir, false, append(append([]string{}, as...), argv...)...)
			said += p.status() + "\n"
			p.check()
			os.Remove(filepath.Join(dir, "report.json"))
		}
		run(tool("initdb"), "-D", data, "-A", "trust", "-N", "--no-locale", "-E", "UTF8")
		server := start(t, kmv, dir, false, append(append([]string{}, as...), tool("postgres"), "-D", data, "-k", dir, "-h", "", "-F")...)
		sql := func(text string) string {
			return output(t, dir, append(append([]string{}, as...), "psql", "-h", dir, "-At", "-c", text, "postgres")...)
		}
		eventually(t, "the server answers", func() bool { return sql("select 6*7") == "42\n" }, func() string { return sql("select 1") })
		const seconds = "20"
		bench := func(args ...string) string {
			return output(t, dir, append(append(append([]string{}, as...), tool("pgbench"), "-h", dir), append(args, "postgres")...)...)
		}
		bench("-i", "-s", "1", "-q")
		for _, mode := range [][]string{{"-N"}, {"-S"}, nil} {
			out := bench(append([]string{"-n", "-c", "4", "-T", seconds}, mode...)...)
			if !strings.Contains(out, "number of failed transactions: 0") {
				t.Errorf("pgbench: %s", out)
			}
		}
		said += sql("select count(*), sum(aid), (select sum(abalance) from pgbench_accounts) = (select sum(delta) from pgbench_history) from pgbench_accounts")
		said += sql("set max_parallel_workers_per_gather = 2; set parallel_setup_cost = 0; set min_parallel_table_scan_size = 0; select sum(aid::bigint * aid) from pgbench_accounts")
		said += sql("vacuum analyze") + sql("checkpoint") + sql("select md5(string_agg(x::text, ',')) from generate_series(1, 20000) x")
		output(t, dir, append(append([]string{}, as...), tool("pg_ctl"), "-D", data, "stop", "-m", "fast")...)
		said += server.status()
		server.check()
		return said
	})
}

// TestVirtualMachine boots Linux in qemu: a whole machine's memory, mirrored. It takes a minute.
func TestVirtualMachine(t *testing.T) {
	kernels, _ := filepath.Glob("/boot/vmlinuz-*")
	if len(kernels) == 0 || !soak {
		t.Skip("only with KMV_SOAK=1, and a kernel in /boot (apt-get install linux-image-amd64)")
	}
	require(t, need{"qemu-system-x86_64", "qemu-system-x86"}, need{"busybox", "busybox-static"}, need{"cpio", "cpio"})
	const script = `#!/bin/busybox sh
/bin/busybox --install -s /bin
mount -t proc p /proc
seq 1 20000 | md5sum
i=0; while [ $i -lt 2000 ]; do i=$((i+1)); done; echo loop $i
dd if=/dev/zero bs=1M count=20 2>/dev/null | sha256sum
echo guest done
poweroff -f
`
	bothWays(t, func(t *testing.T, kmv bool, dir string) string {
		if err := os.MkdirAll(filepath.Join(dir, "root/bin"), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, "root/init"), []byte(script), 0o755); err != nil {
			t.Fatal(err)
		}
		output(t, dir, "sh", "-c", "mkdir -p root/proc root/sys root/dev; cp $(command -v busybox) root/bin/busybox; cd root; find . | cpio -o -H newc | gzip > ../initrd")
		vm := start(t, kmv, dir, false, "qemu-system-x86_64", "-accel", "tcg,tb-size=64", "-m", "256", "-display", "none", "-no-reboot", "-nodefaults",
			"-serial", "file:"+filepath.Join(dir, "console"), "-monitor", "none", "-kernel", kernels[0], "-initrd", "initrd", "-append", "console=ttyS0 quiet panic=-1")
		select {
		case <-vm.done:
		case <-time.After(20 * time.Minute):
			t.Fatal("the machine does not end")
		}
		said := vm.status()
		vm.check("syscall") // io_uring is not there
		said += output(t, dir, "sh", "-c", "tr -d '\\r' < console | grep -E '^(loop|guest|[0-9a-f]{32})'")
		return said
	})
}
