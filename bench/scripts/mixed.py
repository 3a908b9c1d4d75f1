# Strings, dictionaries, classes, json, sorting, big numbers, regular expressions.
import collections, json, re, sys
scale, seed = int(sys.argv[1]), 5

def rnd(n):
    global seed
    seed = (seed * 1103515245 + 12345) % 2147483648
    return seed // 65536 % n

class Node:
    __slots__ = ("left", "right")
    def __init__(self, d):
        self.left, self.right = (Node(d - 1), Node(d - 1)) if d else (None, None)
    def count(self):
        return 1 + (self.left.count() + self.right.count() if self.left else 0)

for _ in range(scale):
    doc = [{"id": i, "name": "n%d" % rnd(1000), "tags": [rnd(50) for _ in range(rnd(6))], "x": rnd(1000) / 8} for i in range(2000)]
    text = json.dumps(doc, indent=1)
    assert json.loads(text) == doc
    words = collections.Counter(re.findall(r"[a-z]+|\d+", text))
    lines = sorted(text.split("\n"), key=lambda s: (len(s), s))
    print(len(text), words.most_common(3), lines[len(lines) // 2], Node(12).count(), pow(3, 5000) % 1000003,
          "".join(chr(97 + rnd(26)) for _ in range(5000)).translate({97: "A"})[:8])
