-- Trees, strings, sorting, closures, coroutines, metatables: what Lua programs do to memory.
local scale = tonumber(arg[1] or 1)
local function tree(d) if d == 0 then return {} end return {tree(d - 1), tree(d - 1)} end
local function count(t) if not t[1] then return 1 end return 1 + count(t[1]) + count(t[2]) end
for d = 4, 12 + scale, 2 do print("tree", d, count(tree(d))) end
local seed = 7
local function rnd(n) seed = (seed * 1103515245 + 12345) % 2147483648; return seed // 65536 % n end
local t = {}
for i = 1, 20000 * scale do t[i] = rnd(100000) end
table.sort(t)
print("sorted", t[1], t[#t // 2], t[#t])
table.sort(t, function(a, b) return a % 1000 < b % 1000 or a % 1000 == b % 1000 and a < b end)
print("sorted by rest", t[1], t[#t // 2], t[#t])
local words, parts = {}, {}
for i = 1, 20000 * scale do parts[#parts + 1] = string.format("%x", rnd(65536)) end
local text = table.concat(parts, " ")
for w in text:gmatch("%x+") do words[w] = (words[w] or 0) + 1 end
local n, best = 0, ""
for w, c in pairs(words) do n = n + 1; if c > (words[best] or 0) or c == words[best] and w < best then best = w end end
print("words", n, best, words[best], #text:gsub("[aeiou]", ""), text:rep(3):find("ffff", 1, true))
local gen = coroutine.wrap(function() local a, b = 0, 1 while true do coroutine.yield(a); a, b = b, (a + b) % 1000007 end end)
local s = 0
for _ = 1, 50000 * scale do s = (s * 31 + gen()) % 1000000007 end
print("coroutine", s)
local V = setmetatable({}, {__call = function(c, x, y) return setmetatable({x = x, y = y}, c) end})
V.__index, V.__add = V, function(a, b) return V(a.x + b.x, a.y + b.y) end
local v = V(0, 0)
for i = 1, 100000 * scale do v = v + V(i, -i) end
print("vectors", v.x, v.y)
print((pcall(error, {code = 5})), select("#", table.unpack(t, 1, 200)), math.floor(math.sin(1) * 1e9))
local ok, err = pcall(function() local function f(n) return n + f(n + 1) end return f(1) end)
print(ok, err:match("stack overflow"))
