// Writes the seeds of the corpus. Run again when an encoding gets a new version: files that have other
// content than before are replaced, all others stay. usage: fuzz_seeds <corpus folder>

#include "tests/fuzzing/seeds.hpp"

#include <cstdio>
#include <filesystem>
#include <fstream>

int main(int count, char** arguments) {
  if (count != 2) {
    std::printf("usage: fuzz_seeds <corpus folder>\n");
    return 2;
  }
  const std::filesystem::path corpus = arguments[1];
  std::size_t made = 0;
  const auto keep = [&](std::string_view target, std::string_view name, std::string bytes) {
    std::filesystem::create_directories(corpus / target);
    std::ofstream out(corpus / target / ("seed-" + std::string(name)), std::ios::binary);
    out << bytes;
    out.close();
    if (!out) {
      std::printf("cannot write under %s\n", corpus.c_str());
      std::exit(1);
    }
    ++made;
  };
  using namespace troupe::fuzzing;
  make_value_seeds(keep);
  make_raft_seeds(keep);
  make_storage_seeds(keep);
  make_search_seeds(keep);
  make_text_seeds(keep);
  std::printf("%zu seeds\n", made);
  return 0;
}
