// C++ containers, exceptions, threads, futures, iostreams, regex, and virtual calls.
#include <algorithm>
#include <atomic>
#include <fstream>
#include <functional>
#include <future>
#include <iostream>
#include <map>
#include <memory>
#include <mutex>
#include <regex>
#include <sstream>
#include <stdexcept>
#include <string>
#include <thread>
#include <unordered_map>
#include <vector>

struct Shape {
	virtual ~Shape() = default;
	virtual double area() const = 0;
};
struct Square : Shape {
	double s;
	explicit Square(double s) : s(s) { if (s > 990) throw std::out_of_range("square " + std::to_string(s)); }
	double area() const override { return s * s; }
};
struct Circle : Shape {
	double r;
	explicit Circle(double r) : r(r) {}
	double area() const override { return 3 * r * r; }
};

static long job(int id)
{
	std::unordered_map<std::string, std::vector<int>> m;
	long thrown = 0;
	for (int i = 0; i < 20000; i++) {
		try {
			std::unique_ptr<Shape> s;
			if ((i * 7 + id) % 3)
				s = std::make_unique<Square>(i % 1000);
			else
				s = std::make_unique<Circle>(i % 100);
			m["k" + std::to_string(i % 97)].push_back(int(s->area()) % 1000);
		} catch (const std::out_of_range &e) {
			thrown += e.what()[7] - '0';
		}
	}
	long sum = thrown;
	for (auto &[k, v] : m) {
		std::sort(v.begin(), v.end());
		sum += v[v.size() / 2] * long(k.size());
	}
	return sum;
}

int main()
{
	std::vector<std::future<long>> f;
	for (int i = 0; i < 6; i++)
		f.push_back(std::async(std::launch::async, job, i));
	for (auto &r : f)
		std::cout << r.get() << ' ';
	std::atomic<long> hits{0};
	std::mutex lock;
	std::map<int, int> order;
	std::vector<std::thread> ts;
	for (int t = 0; t < 8; t++)
		ts.emplace_back([&, t] {
			for (int i = 0; i < 5000; i++) {
				hits.fetch_add(i & t);
				if (i % 100 == 0) {
					std::lock_guard<std::mutex> g(lock);
					order[i % 37] += t;
				}
			}
		});
	for (auto &t : ts)
		t.join();
	std::ostringstream os;
	for (auto [k, v] : order)
		os << k << ':' << v << ' ';
	std::regex re("(\\d+):(\\d+)");
	std::string text = os.str();
	long n = std::distance(std::sregex_iterator(text.begin(), text.end(), re), std::sregex_iterator());
	std::promise<int> p;
	auto fut = p.get_future();
	std::thread([&p] {
		try {
			throw std::runtime_error("from a thread");
		} catch (...) {
			p.set_exception(std::current_exception());
		}
	}).join();
	try {
		fut.get();
	} catch (const std::exception &e) {
		std::cout << e.what() << '\n';
	}
	std::cout << hits << ' ' << text << n << std::endl;
	std::ofstream("out.txt") << text << '\n';
	return 5;
}
