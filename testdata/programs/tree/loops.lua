-- Traces that LuaJIT compiles, calls through its foreign function interface, and callbacks from C into Lua.
local s = 0 for i = 1, 2e7 do s = (s + i * i) % 1000003 end print(s)
local t = {} for i = 1, 3e5 do t[i % 1000 + 1] = tostring(i) end print(#t, table.concat(t):len())
local ffi = require "ffi"
ffi.cdef [[ int abs(int); void qsort(void *, size_t, size_t, int (*)(const int *, const int *)); ]]
local a = ffi.new("int[1000]") for i = 0, 999 do a[i] = i * 7919 % 1000 end
ffi.C.qsort(a, 1000, 4, function(x, y) return x[0] - y[0] end)
for i = 0, 999 do assert(a[i] == i) end
local n = 0 for i = -1e6, 1e6 do n = n + ffi.C.abs(i) end print(n)
