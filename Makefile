# make try runs a real program under kmv. make test is all that a fresh machine with Go and gcc needs: it installs what the tests use (as root, with apt-get),
# or says what is missing. make check is quick. make soak runs the long programs too. make bench measures.

export CGO_ENABLED = 0

# program or file : Debian package. What is missing is only skipped, by name; no test fails for it.
NEEDS = gcc:gcc g++:g++ as:binutils objdump:binutils bzip2:bzip2 xz:xz-utils zstd:zstd sqlite3:sqlite3 lua5.4:lua5.4 \
	perl:perl openssl:openssl bc:bc jq:jq gdb:gdb tmux:tmux vim:vim strace:strace redis-server:redis-server \
	redis-benchmark:redis-tools musl-gcc:musl-tools diff:diffutils script:bsdutils \
	make:make git:git rsync:rsync curl:curl cpio:cpio bwrap:bubblewrap busybox:busybox-static nginx:nginx-light ab:apache2-utils \
	/usr/lib/postgresql:postgresql node:nodejs luajit:luajit javac:openjdk-17-jdk-headless rg:ripgrep qemu-x86_64:qemu-user \
	/usr/bin/python3:python3 /usr/include/Zydis/Zydis.h:libzydis-dev \
	/usr/lib/python3.11/test/test_json/__init__.py:libpython3.11-testsuite
# What the soak boots under qemu, besides.
SOAK = qemu-system-x86_64:qemu-system-x86 /vmlinuz:linux-image-amd64
PEERS = valgrind:valgrind qemu-x86_64:qemu-user

.PHONY: build try check test soak campaign bench deps peers clean

build:
	go build -o kmv .

try: build
	@$(call install,sqlite3:sqlite3)
	awk -v rows=5000 -f testdata/programs/database.awk | grep -v no_such_table | ./kmv run --verify --stats -- sqlite3 :memory:

check:
	@files=$$(gofmt -l .); [ -z "$$files" ] || { echo "gofmt: $$files"; exit 1; }
	go vet ./...
	go test -run 'TestPackageOrder' .

test: deps check
	go test -timeout 20m ./...

soak: deps
	@$(call install,$(SOAK))
	KMV_SOAK=1 go test -timeout 5h ./...

# campaign breaks memory in 3,000 runs of real programs, and in 600 without the mirror: see campaign.html.
campaign: build
	@$(call install,sqlite3:sqlite3 redis-server:redis-server redis-cli:redis-tools /usr/bin/python3:python3 g++:g++)
	./kmv campaign --suite --runs 3000 --unmirrored 600 --json campaign.json --html campaign.html

bench: build
	./kmv bench

deps:
	@$(call install,$(NEEDS))

peers:
	@$(call install,$(PEERS))

clean:
	rm -f kmv

# install gets the packages of what is missing, or names them.
define install
missing=; for need in $(1); do \
	file=$${need%%:*}; package=$${need##*:}; \
	{ [ -e "$$file" ] || command -v "$$file" >/dev/null 2>&1; } || missing="$$missing $$package"; \
done; \
[ -n "$$missing" ] || exit 0; \
if [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null; then \
	apt-get update -qq >/dev/null; \
	for package in $$missing; do \
		DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $$package >/dev/null 2>&1 || echo "not installed: $$package"; \
	done; \
else \
	echo "missing, and their tests will be skipped: apt-get install$$missing"; \
fi
endef
