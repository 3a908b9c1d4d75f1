// Threads that share a map under a lock, a queue, an atomic counter, and memory of their own.
#include <atomic>
#include <condition_variable>
#include <cstdio>
#include <deque>
#include <map>
#include <mutex>
#include <numeric>
#include <string>
#include <thread>
#include <vector>

static std::mutex lock;
static std::condition_variable ready;
static std::deque<int> queue;
static bool finished;
static std::map<std::string, long> totals;
static std::atomic<long> handled;

static void consume(std::vector<long> &own) {
	for (;;) {
		std::unique_lock<std::mutex> hold(lock);
		ready.wait(hold, [] { return !queue.empty() || finished; });
		if (queue.empty())
			return;
		int n = queue.front();
		queue.pop_front();
		totals["key " + std::to_string(n % 97)] += n;
		hold.unlock();
		for (long &x : own)
			x = x * 31 + n;
		handled++;
	}
}

int main() {
	std::vector<std::vector<long>> own(4, std::vector<long>(2000));
	std::vector<std::thread> threads;
	for (auto &o : own)
		threads.emplace_back(consume, std::ref(o));
	for (int i = 0; i < 4000; i++) {
		std::lock_guard<std::mutex> hold(lock);
		queue.push_back(i);
		ready.notify_one();
	}
	{
		std::lock_guard<std::mutex> hold(lock);
		finished = true;
	}
	ready.notify_all();
	for (auto &t : threads)
		t.join();
	long sum = 0;
	for (auto &[key, value] : totals)
		sum = sum * 7 + value, (void)key;
	printf("%ld handled, %zu keys, %ld\n", handled.load(), totals.size(), sum);
	for (auto &[key, value] : totals)
		printf("%s %ld\n", key.c_str(), value);
}
