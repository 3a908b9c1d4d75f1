// C++ exceptions through C frames, destructors, rethrow, nested handlers, threads, dynamic_cast, and terminate.
// cflags: -pthread
#include "guest.h"
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

static int alive;
struct Guard {
	Guard() { __atomic_add_fetch(&alive, 1, __ATOMIC_SEQ_CST); }
	~Guard() { __atomic_sub_fetch(&alive, 1, __ATOMIC_SEQ_CST); }
};

static int compare(const void *a, const void *b)
{
	Guard g;
	int x = *(const int *)a, y = *(const int *)b;
	if (x == 13 || y == 13)
		throw std::runtime_error("unlucky " + std::to_string(x + y > 13));
	return x - y;
}

static int deep(int n)
{
	Guard g;
	if (n == 0)
		throw n;
	try {
		return deep(n - 1);
	} catch (int v) {
		if (n % 10 == 0)
			throw v + n;
		throw;
	}
}

int main()
{
	int caught = 0;
	long sum = 0;
	for (int i = 0; i < 300; i++)
		try {
			std::vector<int> v = {5, 4, i % 20, 3, 2, 1};
			qsort(v.data(), v.size(), sizeof(int), compare); // through libc's frames
		} catch (const std::exception &e) {
			caught += std::string(e.what()).size();
		}
	std::vector<std::thread> ts;
	for (int t = 0; t < 4; t++)
		ts.emplace_back([&sum] {
			for (int i = 0; i < 50; i++)
				try {
					deep(25);
				} catch (int v) {
					__atomic_add_fetch(&sum, v, __ATOMIC_SEQ_CST);
				}
		});
	for (auto &t : ts)
		t.join();
	try {
		std::string().at(3);
	} catch (const std::out_of_range &) {
		printf("out of range\n");
	}
	printf("caught %d sum %ld alive %d\n", caught, sum, alive);
	std::set_terminate([] {
		puts("terminating");
		fflush(stdout);
		_exit(8);
	});
	throw 1;
}
