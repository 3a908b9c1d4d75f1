# multiprocessing in all its forms, and subprocess; shared memory between them.
import multiprocessing as mp, os, subprocess, sys
from multiprocessing import shared_memory

def square(x): return x * x
def put(q, i): q.put(i)
def count(v):
    for _ in range(500):
        with v.get_lock(): v.value += 1
def fill(name, i):
    s = shared_memory.SharedMemory(name=name)
    s.buf[i * 1000:(i + 1) * 1000] = bytes([65 + i]) * 1000
    s.close()

if __name__ == "__main__":
    print(subprocess.run(["tr", "a-z", "A-Z"], input=b"piped", capture_output=True))
    print(subprocess.run("exit 4", shell=True).returncode)
    with mp.Pool(3) as pool: print(sum(pool.map(square, range(2000))))
    q = mp.Queue()
    ps = [mp.Process(target=put, args=(q, i)) for i in range(4)]
    [p.start() for p in ps]; print(sorted(q.get() for _ in ps)); [p.join() for p in ps]
    v = mp.Value("i", 0)
    ps = [mp.Process(target=count, args=(v,)) for _ in range(4)]
    [p.start() for p in ps]; [p.join() for p in ps]; print(v.value)
    s = shared_memory.SharedMemory(create=True, size=8000)
    ps = [mp.Process(target=fill, args=(s.name, i)) for i in range(8)]
    [p.start() for p in ps]; [p.join() for p in ps]
    print([chr(s.buf[i * 1000 + 999]) for i in range(8)]); s.close(); s.unlink()
    pid = os.fork()
    if pid == 0: os.execv("/bin/sh", ["sh", "-c", "exit 6"])
    print(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))
