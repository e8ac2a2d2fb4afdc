// Breaks every rule of purity.py, to test that script.
#include <sys/random.h>
#include <sys/socket.h>

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <mutex>
#include <thread>

namespace hawser::check {

int impure_counter = 0;

long impure_clock() {
  timespec now{};
  clock_gettime(CLOCK_MONOTONIC, &now);
  return now.tv_nsec + std::chrono::steady_clock::now().time_since_epoch().count() + time(nullptr);
}

int impure_socket() {
  return socket(AF_INET, SOCK_DGRAM, 0);
}

void impure_thread() {
  std::thread([] { std::puts("running"); }).join();
}

long impure_random() {
  long value = 0;
  if (getrandom(&value, sizeof value, 0) < 0) value = rand();
  return value;
}

const char* impure_environment() {
  return std::getenv("HOME");
}

int impure_once() {
  static int calls = 0;
  return ++calls + impure_counter;
}

}  // namespace hawser::check
