package programs

import "testing"

// trees lists programs that start others, and programs that make code while they run.
var trees = []row{
	{name: "dash", run: []string{"dash $P/tree/pipes.sh"}},
	{name: "bash", needs: []need{{"bash", "bash"}}, run: []string{"bash $P/tree/pipes.sh", "bash $P/tree/jobs.bash"}},
	{name: "a program that changes", run: []string{"sh -c 'for i in 1 2 3 4; do cp /bin/true x; ./x; echo $?; ./x; echo $?; cp /bin/false x; ./x; echo $?; ./x; echo $?; cp /bin/echo x; ./x a; done'",
		"sh -c 'cp /bin/true x; t=$(stat -c %y x); for p in true false true false; do cp /bin/$p x; touch -d \"$t\" x; ./x; echo $?; ./x; echo $?; done'"}},
	{name: "make -j2", needs: []need{{"make", "make"}, {"gcc", "gcc"}}, setup: "cp $P/tree/Makefile .",
		run: []string{"make -s -j2 P=$P all", "make -s P=$P check"}, skip: "program vectors"},
	{name: "git", needs: []need{{"git", "git"}}, env: "GIT_AUTHOR_DATE=2020-01-01T00:00:00Z GIT_COMMITTER_DATE=2020-01-01T00:00:00Z GIT_CONFIG_NOSYSTEM=1 GIT_AUTHOR_NAME=a GIT_AUTHOR_EMAIL=a@b GIT_COMMITTER_NAME=a GIT_COMMITTER_EMAIL=a@b",
		setup: "mkdir r; cd r; for i in $(seq 40); do mkdir d$i; for j in $(seq 25); do echo $i $j > d$i/f$j; done; done",
		run: []string{"git -c init.defaultBranch=main init -q r", "git -C r add .", "git -C r commit -q -m one", "git clone -q r c", "git -C c rm -q -r d1",
			"git -C c commit -q -m two", "git -C c gc -q --prune=now", "git -C c fsck --full", "git -C c log --stat --oneline", "git -C r pull -q ../c main"},
		skip: "r/.git/index c/.git/index"},
	{name: "tar and rsync", needs: []need{{"rsync", "rsync"}}, setup: "cp -r /usr/include/linux src",
		run: []string{"tar --sort=name --mtime=@0 -czf a.tgz src", "mkdir out", "tar xzf a.tgz -C out", "rsync -a src/ copy", "rm -r src/netfilter", "touch -d @0 src", "rsync -a --delete --checksum -i src/ copy"}, skip: "a.tgz"},
	{name: "python's processes", needs: []need{python}, run: []string{"/usr/bin/python3 $P/tree/processes.py"}},
	{name: "perl's forks", needs: []need{{"perl", "perl"}}, run: []string{"perl $P/tree/fork.pl"}},
	{name: "containers", needs: []need{{"bwrap", "bubblewrap"}, {"busybox", "busybox-static"}}, setup: "mkdir -p root/bin; cp $(command -v busybox) root/bin",
		run: []string{"unshare -U -r id -u", "unshare -U -r -p -f --mount-proc sh -c 'echo $$; ls /proc > list; grep -c ^[0-9] list'", "unshare -r chroot root /bin/busybox sh -c 'ls /; busybox seq 3 | busybox sort -r'",
			"bwrap --ro-bind / / --dev /dev --proc /proc --unshare-all sh -c 'echo in; id -u'"}},

	{name: "node", needs: []need{{"node", "nodejs"}}, run: []string{"node $P/tree/loops.js"}, gaps: "syscall"},
	{name: "luajit", needs: []need{{"luajit", "luajit"}}, run: []string{"luajit $P/tree/loops.lua"}},
	{name: "java", needs: []need{{"javac", "openjdk-17-jdk-headless"}}, setup: "javac -d . $P/tree/Loops.java", run: []string{"java -Xmx256m Loops", "java -Xint -version"}},
	{name: "libffi", needs: []need{python}, run: []string{"/usr/bin/python3 $P/tree/callbacks.py"}},
	{name: "regular expressions", needs: []need{{"rg", "ripgrep"}}, setup: "seq 100000 > numbers", run: []string{`grep -cP '^(\d)(\d)(?=\d*\2\1)' numbers`, "rg -j1 -c '1.*7' numbers"}},
	{name: "qemu-x86_64", needs: []need{{"qemu-x86_64", "qemu-user"}, {"gcc", "gcc"}}, setup: "built v2 gcc -O1 -static $P/vectors.c", run: []string{"qemu-x86_64 ./v2 3", "qemu-x86_64 /bin/busybox-not-there"}},
	{name: "go build", needs: []need{{"go", "golang"}}, long: true, env: "GOCACHE=/tmp/kmv-go-cache GOFLAGS=-mod=mod GOTOOLCHAIN=local CGO_ENABLED=0", setup: "cp -r $P/gogc .",
		run: []string{"gofmt -l gogc", "go -C gogc vet .", "go -C gogc build -trimpath -buildvcs=false -o prog ."}},
}

// TestTrees is TestPrograms for process trees and run-time code.
func TestTrees(t *testing.T) {
	for _, r := range trees {
		t.Run(r.name, func(t *testing.T) {
			if r.long && !soak {
				t.Skip("only with KMV_SOAK=1")
			}
			require(t, r.needs...)
			t.Parallel()
			compare(t, r.job(t))
		})
	}
}
