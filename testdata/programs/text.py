# json, re, collections, decimal, fractions, struct: text and numbers.
import collections, decimal, fractions, itertools, json, re, struct, sys
sys.set_int_max_str_digits(0)
scale = int(sys.argv[1]) if len(sys.argv) > 1 else 1
seed = 5
def rnd(n):
    global seed
    seed = (seed * 1103515245 + 12345) % 2147483648
    return seed // 65536 % n
doc = [{"id": i, "name": "n%d" % rnd(1000), "tags": [rnd(50) for _ in range(rnd(6))], "x": rnd(1000) / 8, "ü": None} for i in range(3000 * scale)]
for kw in ({}, {"indent": 1, "sort_keys": True}, {"ensure_ascii": False}):
    s = json.dumps(doc, **kw)
    assert json.loads(s) == doc
    print("json", len(s), hash(s) == hash(s + ""), sum(map(ord, s[:100000])))
try:
    json.loads('{"a": [1, 2,, 3]}')
except ValueError as e:
    print(e)
text = json.dumps(doc)
print("re", len(re.findall(r'"n(\d)(\d*)"', text)), len(re.sub(r'(\d+)\.(\d+)', r'\2,\1', text)), len(re.split(r'[{}\[\]]', text)),
      [m.span() for m in itertools.islice(re.finditer(r'(?i)("tags").*?(?P<n>4\d)(?=, )', text), 5)])
print("counter", collections.Counter(re.findall(r"[a-z]+", text)).most_common(3))
decimal.getcontext().prec = 200
def pi():
    lasts, t, s, n, na, d, da = 0, decimal.Decimal(3), decimal.Decimal(3), 1, 0, 0, 24
    while s != lasts:
        lasts = s
        n, na = n + na, na + 8
        d, da = d + da, da + 32
        t = (t * n) / d
        s += t
    return +s
for _ in range(3 * scale):
    p = pi()
print("decimal", p, (p ** 50).sqrt().ln())
print("fraction", sum(fractions.Fraction(1, n) for n in range(1, 200)))
print("struct", struct.pack("<ihq10sd", 1, -2, 3, b"four", 5.5).hex())
print("big", len(str(3 ** 20000)), pow(3, 10 ** 18, 10 ** 9 + 7))
class Node:
    __slots__ = ("l", "r")
def tree(d):
    n = Node()
    n.l, n.r = (tree(d - 1), tree(d - 1)) if d else (None, None)
    return n
def count(n):
    return 1 if n.l is None else 1 + count(n.l) + count(n.r)
print("tree", count(tree(14)))
print("sorted", sorted(range(50000), key=lambda i: (i * 7919) % 10007)[:5])
