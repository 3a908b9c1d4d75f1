// The program of threads.kmv: threads, a lock, containers, a child.
#include <thread>
#include <vector>
#include <cstdlib>
#include <map>
#include <string>
#include <mutex>
#include <cstdio>
#include <unistd.h>
#include <sys/wait.h>
struct Account { long balance; int id; char name[12]; };
static Account accounts[16];
static std::mutex lock_;
static std::map<std::string, long> totals;
int counter;
double ratio = 0.5;
static long deposit(Account &a, long amount) {
  long old = a.balance;
  a.balance += amount;
  return old;
}
static void worker(int id, int rounds) {
  for (int i = 0; i < rounds; i++) {
    std::lock_guard<std::mutex> g(lock_);
    int n = (id * 7 + i) % 16;
    deposit(accounts[n], i);
    totals["worker" + std::to_string(id)] += i;
    counter++;
  }
}
int main(int argc, char **argv) {
  int rounds = argc > 1 ? atoi(argv[1]) : 1000;
  for (int i = 0; i < 16; i++) { accounts[i].id = i; snprintf(accounts[i].name, 12, "acct%d", i); }
  pid_t child = fork();
  if (!child) { accounts[3].balance = 77; printf("child %ld\n", accounts[3].balance); return 3; }
  std::vector<std::thread> threads;
  for (int i = 0; i < 3; i++) threads.emplace_back(worker, i, rounds);
  for (auto &t : threads) t.join();
  int status; waitpid(child, &status, 0);
  for (auto &[k, v] : totals) printf("%s %ld\n", k.c_str(), v);
  printf("counter %d\n", counter);
  return 0;
}
