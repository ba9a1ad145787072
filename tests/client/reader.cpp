// For tests/process/test_overload.py: threads that read one key through one client until standard input ends.
// Prints a line for each read: "read" or the kind of its failure.

#include "client/client.hpp"

#include <atomic>
#include <iostream>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

int main(int argc, char** argv) {
  using namespace troupe::client;
  if (argc != 4) {
    std::cerr << "usage: client_reader HOST:PORT KEY THREADS\n";
    return 2;
  }
  client store{{argv[1]}, {.timeout = std::chrono::seconds(10), .tls = {}}};
  std::atomic<bool> ended = false;
  std::mutex printing;
  std::vector<std::thread> threads;
  for (int thread = 0; thread < std::stoi(argv[3]); ++thread)
    threads.emplace_back([&] {
      while (!ended) {
        const auto got = store.get(argv[2]);
        std::lock_guard hold{printing};
        std::cout << (got ? std::string_view{"read"} : to_string(got.error().kind)) << std::endl;
      }
    });
  std::string line;
  while (std::getline(std::cin, line)) {
  }
  ended = true;
  for (auto& t : threads)
    t.join();
}
