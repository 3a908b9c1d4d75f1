# Runs one module of Python's own test suite and prints what came out, without times.
import sys, unittest
from test import support
support.use_resources = []
name = sys.argv[1]
suite = unittest.defaultTestLoader.loadTestsFromName("test." + name)
class Quiet:
    def write(self, s): return len(s)
    def flush(self): pass
result = unittest.TextTestRunner(stream=Quiet(), verbosity=0).run(suite)
print(name, result.testsRun, "skipped", len(result.skipped))
for kind, what in ("FAILED", result.failures), ("ERROR", result.errors):
    for case, trace in what:
        print(kind, case.id(), trace.strip().splitlines()[-1])
sys.exit(0 if result.wasSuccessful() else 1)
