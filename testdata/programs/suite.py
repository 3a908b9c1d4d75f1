# Runs one module of Python's own test suite and prints what came out, without times.
import contextlib, io, sys, unittest
from test import support
support.use_resources = []
name = sys.argv[1]
suite = unittest.defaultTestLoader.loadTestsFromName("test." + name)
class Quiet:
    def write(self, s): return len(s)
    def flush(self): pass
with contextlib.redirect_stdout(io.StringIO()):  # some tests say how long they slept
    result = unittest.TextTestRunner(stream=Quiet(), verbosity=0).run(suite)
print(name, result.testsRun, "skipped", len(result.skipped))
for kind, what in ("FAILED", result.failures), ("ERROR", result.errors):
    for case, trace in what:
        print(kind, case.id(), trace.strip().splitlines()[-1])
sys.exit(0 if result.wasSuccessful() else 1)
