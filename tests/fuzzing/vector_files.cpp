// Saved vectors: those of an index, and those of an engine with the keys they belong to (vectors.index). The
// magic at the beginning says which of the two the bytes claim to be.

#include "base/checksum.hpp"
#include "base/fault_file.hpp"
#include "search/engine.hpp"
#include "search/vector_index.hpp"
#include "tests/fuzzing/target.hpp"

#include <cstring>

namespace troupe::fuzzing {

namespace {

using namespace search;

constexpr auto path = "data/vectors.index";
constexpr std::uint32_t dimension = 3;

vector_settings small_settings() {
  vector_settings s;
  s.dimension = dimension;
  s.links = 4;
  s.build_breadth = 10;
  s.search_breadth = 8;
  s.scan_below = 0;
  return s;
}

void check_failure(const error& e) {
  require(e.code == errc::corrupt || e.code == errc::foreign, "damage is called so");
  require(e.code == errc::foreign || e.detail.find(path) != std::string::npos, "damage names the file");
}

void use(vector_index& index) {
  const float query[dimension] = {1, -0.5F, 0.25F};
  auto found = index.search(query, 5);
  require_success(found, "a loaded index can be searched");
  require(found->size() <= 5, "so many hits as asked for");
  for (auto& hit : *found)
    require(index.contains(hit.doc), "what is found is there");
  require_success(index.search_exactly(query, 5), "a loaded index can be compared one by one");
  require_success(index.put(1, query), "a loaded index takes more");
  index.erase(2);
  while (index.link_some(4)) {
  }
  require_success(index.search(query, 5), "a loaded index can be searched");
}

void run_index(std::string_view input) {
  fault_file_system disk;
  require_success(disk.make_folder("data"), "a folder can be made");
  disk.set_content(path, std::string(input));
  result<vector_index> loaded = error{};
  {
    // Ids are dense, but of an index whose last documents are left they begin high: a million places at most.
    memory_bound bound{input.size(), std::size_t{64} << 20};
    loaded = vector_index::load(disk, path, small_settings());
  }
  if (!loaded) return check_failure(loaded.error());
  require_success(loaded->save(disk, "data/again"), "a loaded index can be saved");
  auto again = vector_index::load(disk, "data/again", small_settings());
  require_success(again, "what was saved can be loaded");
  require(again->documents() == loaded->documents() && again->vectors() == loaded->vectors(),
          "what was saved is all there");
  use(*loaded);
}

void run_engine(std::string_view input) {
  fault_file_system disk;
  require_success(disk.make_folder("data"), "a folder can be made");
  disk.set_content(path, std::string(input));
  engine_settings settings;
  settings.text->words.language = "none";
  settings.vectors = small_settings();
  auto e = engine::make(settings);
  require_success(e, "an engine can be made");
  e->put("a", blob{"one"}, value_kind::text, revision_t{1});
  if (auto loaded = e->load_vectors(disk, path); !loaded) return check_failure(loaded.error());
  const float vector[dimension] = {1, 0, 0};
  require_success(e->annotate("a", revision_t{1}, {{0, 3}}, vector), "a vector can be added");
  e->put("b", blob{"two"}, value_kind::text, revision_t{2});
  require_success(e->annotate("b", revision_t{2}, {{0, 3}}, vector), "a vector can be added");
  e->drop_unadopted();
  while (e->tidy_some()) {
  }
  engine_ask ask;
  ask.mode = search_mode::semantic;
  ask.vector = {1, 0, 0};
  auto found = e->search(ask);
  auto* answer = std::get_if<engine_answer>(&found);
  require(answer != nullptr && answer->hits.size() == 2, "nobody finds what no value has");
}

void run(std::string_view input) {
  run_index(input);
  run_engine(input);
}

/// Blocks follow each other as their lengths say; each is given its checksum.
void repair(std::string& input) {
  constexpr std::size_t head_bytes = 12;
  constexpr std::size_t block_head_bytes = 8;
  std::uint64_t number = 0;
  for (auto at = head_bytes; at + block_head_bytes <= input.size(); ++number) {
    std::uint32_t size = 0;
    std::memcpy(&size, input.data() + at, sizeof size);
    if (size > input.size() - at - block_head_bytes) return;
    auto seed = crc32c({reinterpret_cast<const char*>(&number), sizeof number});
    auto sum = crc32c(std::string_view{input}.substr(at + block_head_bytes, size), seed);
    std::memcpy(input.data() + at + sizeof size, &sum, sizeof sum);
    at += block_head_bytes + size;
  }
}

} // namespace

constinit const target vector_files{"vector_files", run, repair};

} // namespace troupe::fuzzing
