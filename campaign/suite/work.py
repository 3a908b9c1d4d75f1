import hashlib, re

words = {}
for i in range(6000):
    word = hashlib.md5(str(i % 700).encode()).hexdigest()[:6]
    words.setdefault(word, []).append(i)
print(len(words), sum(len(v) * v[0] for v in words.values()))
print(sorted(words, key=lambda w: (-len(words[w]), w))[:5])
text = " ".join(sorted(words))
print(len(re.findall(r"[a-f]+\d", text)), re.sub(r"\d+", "#", text)[:60])


class Node:
    def __init__(self, key):
        self.key, self.left, self.right = key, None, None


def insert(node, key):
    if node is None:
        return Node(key)
    if key < node.key:
        node.left = insert(node.left, key)
    else:
        node.right = insert(node.right, key)
    return node


root = None
for i in range(2500):
    root = insert(root, i * 7919 % 10007)


def total(node, depth):
    return 0 if node is None else node.key * depth + total(node.left, depth + 1) + total(node.right, depth + 1)


print(total(root, 1), 3 ** 400 % 1000007, "%.6f" % sum(1 / k for k in range(1, 4000)))
