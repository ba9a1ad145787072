// Runs the kept inputs of every target of this build, without libFuzzer.
// usage: fuzz_corpus <corpus folder> [target]

#include "tests/fuzzing/target.hpp"

#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <vector>

namespace {

namespace fs = std::filesystem;
using troupe::fuzzing::target;

std::string read_file(const fs::path& path) {
  std::ifstream in(path, std::ios::binary);
  std::string bytes{std::istreambuf_iterator<char>{in}, {}};
  troupe::fuzzing::require(in.good() || in.eof(), "the kept input can be read");
  return bytes;
}

std::vector<fs::path> files_of(const fs::path& folder) {
  std::vector<fs::path> files;
  if (fs::is_directory(folder))
    for (auto& entry : fs::directory_iterator(folder))
      files.push_back(entry.path());
  std::sort(files.begin(), files.end());
  return files;
}

/// Every folder is of a target, so that a target that is renamed does not lose its inputs in silence.
bool knows_all_folders(const fs::path& corpus) {
  auto names = troupe::fuzzing::all_names();
  bool known = true;
  for (auto& folder : files_of(corpus)) {
    if (std::find(names.begin(), names.end(), folder.filename().string()) != names.end()) continue;
    std::printf("%s is of no target\n", folder.c_str());
    known = false;
  }
  return known;
}

std::size_t replay(const target& t, const fs::path& corpus) {
  auto files = files_of(corpus / t.name);
  for (auto& file : files) {
    // Said before: an input that ends the program is then the last line.
    std::printf("%s\n", file.c_str());
    std::fflush(stdout);
    auto input = read_file(file);
    t.run(input);
    if (t.repair == nullptr) continue;
    t.repair(input);
    t.run(input);
  }
  return files.size();
}

} // namespace

int main(int count, char** arguments) {
  if (count < 2) {
    std::printf("usage: fuzz_corpus <corpus folder> [target]\n");
    return 2;
  }
  const fs::path corpus = arguments[1];
  bool good = knows_all_folders(corpus);
  std::size_t run = 0;
  for (auto& t : troupe::fuzzing::targets()) {
    if (count > 2 && t.name != arguments[2]) continue;
    auto inputs = replay(t, corpus);
    run += inputs;
    if (inputs != 0) continue;
    std::printf("%s has no inputs\n", std::string(t.name).c_str());
    good = false;
  }
  std::printf("%zu inputs\n", run);
  return good && run != 0 ? 0 : 1;
}
