-- Binary trees: allocation, recursion, garbage collection.
local function tree(d) if d == 0 then return {} end return {tree(d - 1), tree(d - 1)} end
local function count(t) if not t[1] then return 1 end return 1 + count(t[1]) + count(t[2]) end
local depth = tonumber(arg[1])
local long = tree(depth)
for d = 4, depth, 4 do
	local n, sum = 1 << (depth - d + 2), 0
	for _ = 1, n do sum = sum + count(tree(d)) end
	print(n, d, sum)
end
print(count(long))
