// C++: classes with bases and virtual functions, references, templates, strings and vectors of the standard library, namespaces.
// cflags: -g -O0 -lstdc++
#include <memory>
#include <stdio.h>
#include <string>
#include <vector>

namespace bank {

enum class Kind { Savings, Checking = 4 };
int opened = 2;

struct Money {
	long cents;
	static int currencies;
	double value() const { return cents / 100.0; }
};
int Money::currencies = 7;

class Base {
  public:
	explicit Base(int id) : id(id) {}
	virtual ~Base() {}
	virtual int kind() const { return id; }

  protected:
	int id;
};

class Account : public Base {
  public:
	Account(int id, const std::string &owner, Money money) : Base(id), owner(owner), money(money) {}
	void deposit(const Money &more, int times) {
		long before = money.cents;
		for (int i = 0; i < times; i++)
			money.cents += more.cents;
		history.push_back(before); // here
	}
	int kind() const override { return static_cast<int>(type); }
	std::string owner;
	Money money;
	Kind type = Kind::Checking;
	std::vector<long> history;
};

template <typename T> struct Box {
	T value;
	T twice() const { return value + value; }
};

} // namespace bank

static int deposit(int x) { return x + 1; }

struct Point {
	int x, y;
	Point operator+(const Point &o) const { return {x + o.x, y + o.y}; }
};

int main() {
	bank::Account a(5, "alice", {150});
	bank::Account &ref = a;
	bank::Box<double> box{2.5};
	std::vector<Point> points{{1, 2}, {3, 4}};
	std::vector<int> none;
	std::unique_ptr<Point> owned(new Point{8, 9});
	Point sum = points[0] + points[1];
	bool flag = true;
	char16_t wide = u'x';
	auto lambda = [&](int k) { return k + sum.x; };
	a.deposit({25}, 3);
	ref.deposit({1}, deposit(1));
	printf("%ld %g %d %d %d %d %d\n", a.money.cents, box.twice(), sum.y, lambda(2), (int)none.size(), flag + wide, owned->x);
	return 0;
}
