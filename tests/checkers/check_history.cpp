// check_history FILE...: reads the files as one history and says whether a cluster that keeps its promises
// can have made it. Exit code 0: ok; 1: violation; 2: undecided; 3: wrong arguments or a file that cannot be
// read.

#include "tests/checkers/check.hpp"
#include "tests/checkers/history_text.hpp"

#include <array>
#include <fstream>
#include <iostream>
#include <iterator>
#include <map>
#include <string>
#include <string_view>
#include <utility>

namespace {

using namespace troupe::checkers;

bool read_into(const char* path, history& all) {
  std::ifstream file(path, std::ios::binary);
  std::string text{std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
  if (!file) {
    std::cerr << path << ": cannot be read\n";
    return false;
  }
  auto part = parse_history(text);
  if (!part) {
    std::cerr << path << ": " << part.error().detail << '\n';
    return false;
  }
  for (auto& op : part->operations)
    all.operations.push_back(std::move(op));
  for (auto& group : part->accounts)
    all.accounts.push_back(std::move(group));
  return true;
}

void print_counts(const history& h) {
  std::map<operation_kind, std::array<std::size_t, 3>> counts;
  for (const auto& op : h.operations)
    ++counts[op.kind][static_cast<std::size_t>(op.outcome)];
  for (const auto& [kind, by_outcome] : counts)
    std::cout << to_string(kind) << ": " << by_outcome[0] << " ok, " << by_outcome[1] << " failed, "
              << by_outcome[2] << " unknown\n";
}

} // namespace

int main(int argc, char** argv) {
  if (argc < 2 || std::string_view(argv[1]).starts_with("-")) {
    std::cerr << "usage: check_history FILE...\n";
    return 3;
  }
  history all;
  for (int i = 1; i < argc; ++i)
    if (!read_into(argv[i], all)) return 3;
  print_counts(all);
  const auto r = check_all(all);
  std::cout << "verdict: " << describe(r, all);
  return r.result == verdict::ok ? 0 : r.result == verdict::violation ? 1 : 2;
}
