# Closures that libffi makes at run time: C calls Python.
import ctypes
C = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.POINTER(ctypes.c_int), ctypes.POINTER(ctypes.c_int))
a = (ctypes.c_int * 300)(*[i * 7919 % 300 for i in range(300)])
ctypes.CDLL(None).qsort(a, 300, 4, C(lambda x, y: x[0] - y[0]))
print(list(a) == sorted(a))
D = ctypes.CFUNCTYPE(ctypes.c_double, ctypes.c_double, ctypes.c_int)
print([D(lambda x, n, k=k: x ** n + k)(1.5, 3) for k in range(40)])
