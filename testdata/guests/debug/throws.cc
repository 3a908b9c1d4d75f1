// cflags: -g -O0 -Wl,--no-as-needed -lstdc++
// A call that does not return, because what it throws is caught around it.
static int depth;

static void deep(int n) {
  if (n == 0)
    throw 7;
  deep(n - 1);
}

static int attempt() {
  int caught = 0;
  try {
    deep(5);
    caught = -1;
  } catch (int n) {
    caught = n;
  }
  return caught;
}

int main() {
  depth = attempt();
  return depth != 7;
}
