// Values of every kind of C type, in locals, arguments and globals: what a debugger has to write.
// cflags: -g -O0
#include "../guest.h"
#include <stdbool.h>

enum color { RED, GREEN = 5, BLUE };
enum flags { READ = 1, WRITE = 2, EXEC = 4 };
typedef struct node {
	int value;
	struct node *next;
} node_t;
struct account {
	int id;
	char name[16];
	double balance;
	enum color color;
	bool open;
	unsigned low : 3, high : 5;
	union {
		float f;
		unsigned bits;
	} u;
	struct {
		short x, y;
	};
	int (*op)(int, int);
	const char *note;
};
typedef unsigned long size;

static int add(int a, int b) { return a + b; }

struct account accounts[3] = {
	{1, "alice", 10.5, RED, true, 3, 17, {1.5f}, {1, -1}, add, "first"},
	{2, "bob", -0.1, BLUE, false, 7, 0, {0}, {2, 3}, 0, 0},
};
int grid[3][4] = {{1, 2, 3, 4}, {5, 5, 5, 5}};
int many[300] = {1, 2, [20] = 7};
char text[40] = "hello";
char full[4] = {'a', 'b', 'c', 'd'};
char runs[64] = "aaaaaaaaaaaaaaaaaaaaaaaaaaaab\n\t\"quoted\"\x01";
const char *words[] = {"one", "two", "three", 0};
node_t third = {3, 0}, second = {2, &third}, first = {1, &second};
long double wide = 1.25L;
unsigned char bytes[5] = {1, 2, 200, 65, 0};
signed char small = -5;
_Bool yes = 1;
void *nothing, *something = &first;
int (*operation)(int, int) = add;
enum flags access_bits = READ | EXEC;
__thread int mine = 42;
__int128 huge = 5;
volatile unsigned short port = 65535;
float tenth = 0.1f;
long big = -1234567890123;
struct opaque *hidden;

__attribute__((noinline)) static struct account *find(struct account *list, int count, const char *name) {
	static int calls = 7;
	struct account *found = 0;
	calls++;
	for (int i = 0; i < count; i++) {
		size length = strlen(list[i].name);
		struct account copy = list[i];
		if (copy.id && strcmp(copy.name, name) == 0 && length)
			found = &list[i]; // here
	}
	return found;
}

__attribute__((noinline)) static double half(double x, float y) { return x / 2 + y; }
__attribute__((noinline)) static node_t made(int v) { node_t n = {v, &first}; return n; }
__attribute__((noinline)) static struct account copied(int i) { return accounts[i]; }
__attribute__((noinline)) static char letter(int i) { return (char)('a' + i); }
__attribute__((noinline)) static const char *word(int i) { return words[i]; }

int main(int argc, char **argv) {
	double d = half(3, 0.25f);
	node_t *head = &first;
	node_t n = made(9);
	struct account c = copied(1);
	struct account *bob = find(accounts, 3, "bob");
	char l = letter(2);
	printf("%g %d %d %d %c %s %d\n", d, head->value, n.value, c.id, l, word(1), bob != 0 && argc > 0 && argv[0]);
	return 0;
}
