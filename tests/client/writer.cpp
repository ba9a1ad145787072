// For test_library.py: threads that write through one client until standard input ends, each key once and
// only if it is absent. Prints a line for each write: its outcome and its key.

#include "client/client.hpp"

#include <atomic>
#include <iostream>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

int main(int argc, char** argv) {
  using namespace troupe::client;
  client store{{argv + 1, argv + argc}, {.timeout = std::chrono::seconds(5), .tls = {}}};
  std::atomic<bool> ended = false;
  std::mutex printing;
  std::vector<std::thread> threads;
  for (int thread = 0; thread < 8; ++thread)
    threads.emplace_back([&, thread] {
      for (int number = 0; !ended; ++number) {
        const auto key = std::to_string(thread) + "/" + std::to_string(number);
        const auto done = store.put(key, key, troupe::media_type::text, {.mod_revision = {}, .absent = true});
        const auto outcome = done ? std::string_view{"confirmed"} : to_string(done.error().kind);
        std::lock_guard hold{printing};
        std::cout << outcome << ' ' << key << std::endl;
      }
    });
  std::string line;
  while (std::getline(std::cin, line)) {
  }
  ended = true;
  for (auto& t : threads)
    t.join();
}
