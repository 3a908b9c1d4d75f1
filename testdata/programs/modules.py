# zlib, hashlib, threading, sqlite3, bz2, lzma: the modules that are libraries underneath.
import bz2, hashlib, hmac, io, lzma, os, queue, sqlite3, sys, tempfile, threading, zlib
scale = int(sys.argv[1]) if len(sys.argv) > 1 else 1
data = b"".join(hashlib.sha256(b"%d" % i).digest() + b"the same again and again " * 3 for i in range(3000 * scale))
for level in (1, 6, 9):
    c = zlib.compress(data, level)
    assert zlib.decompress(c) == data
    print("zlib", level, len(c), zlib.crc32(c))
print("bz2", len(bz2.compress(data)), "lzma", len(lzma.compress(data, preset=1)))
for name in ("md5", "sha1", "sha256", "sha512", "sha3_256", "blake2b", "blake2s", "shake_128"):
    h = hashlib.new(name, data)
    print(name, h.hexdigest(16) if name == "shake_128" else h.hexdigest())
print("pbkdf2", hashlib.pbkdf2_hmac("sha256", b"secret", b"salt", 2000 * scale).hex(), hmac.new(b"k", data, "sha256").hexdigest())
q, done, lock, total = queue.Queue(20), queue.Queue(), threading.Lock(), 0
local = threading.local()
def work():
    global total
    local.n = 0
    while (item := q.get()) is not None:
        h = zlib.crc32(hashlib.sha256(data[:item * 100]).digest())
        local.n += 1
        with lock:
            total += h
    done.put(local.n)
threads = [threading.Thread(target=work) for _ in range(8)]
for t in threads:
    t.start()
for i in range(400 * scale):
    q.put(i % 300)
for _ in threads:
    q.put(None)
for t in threads:
    t.join()
print("threads", total, sum(done.get() for _ in threads))
e = threading.Event()
threading.Timer(0.02, e.set).start()
print("event", e.wait(5), threading.Barrier(1).wait())
db = sqlite3.connect(":memory:")
db.create_function("rev", 1, lambda s: s[::-1])
db.execute("create table t(a integer primary key, b text)")
db.executemany("insert into t(b) values(?)", (("row %d" % (i * 7919 % 10007),) for i in range(10000 * scale)))
print("sqlite", db.execute("select count(*), min(rev(b)), max(b) from t").fetchone(), db.execute("select a from t order by b limit 3 offset 77").fetchall())
with tempfile.TemporaryFile() as f:
    f.write(data)
    f.seek(1000)
    print("file", hashlib.md5(f.read()).hexdigest(), f.tell())
r, w = os.pipe()
os.write(w, b"through a pipe")
print(os.read(r, 100), os.stat("/dev/null").st_mode)
