#include "base/checksum.hpp"
#include "base/fault_file.hpp"
#include "search/engine.hpp"
#include "search/vector_index.hpp"
#include "tests/fuzzing/seeds.hpp"
#include "tests/fuzzing/target.hpp"

#include <cstring>

namespace troupe::fuzzing {

namespace {

using namespace search;

template <class T>
void put(std::string& bytes, std::size_t offset, T value) {
  std::memcpy(bytes.data() + offset, &value, sizeof value);
}

/// Two tensors, one in each layout, and three pieces.
std::string small_model() {
  constexpr std::size_t pieces_at = 64 + 2 * 64;
  constexpr std::size_t text_at = pieces_at + 3 * 16;
  std::string bytes(512, '\0');
  bytes.replace(0, 8, "TRPMODEL");
  put<std::uint32_t>(bytes, 8, 1);
  put<std::uint32_t>(bytes, 24, 3);
  put<std::uint32_t>(bytes, 28, 1);
  put<std::uint32_t>(bytes, 32, 2);
  for (std::uint32_t i = 0; i < 2; ++i) {
    const auto at = 64 + std::size_t{64} * i;
    bytes.replace(at, 5, i == 0 ? "plain" : "panel");
    put(bytes, at + 32, i);
    put<std::uint32_t>(bytes, at + 36, 2);
    put<std::uint32_t>(bytes, at + 40, 8 + 8 * i);
    put<std::uint64_t>(bytes, at + 48, i == 0 ? 256 : 320);
    put<std::uint64_t>(bytes, at + 56, 64 + 64 * i);
  }
  bytes.replace(text_at, 4, "?abc");
  for (std::uint32_t i = 0; i < 3; ++i) {
    put<double>(bytes, pieces_at + 16 * i, -0.5 * i);
    put<std::uint32_t>(bytes, pieces_at + 16 * i + 8, static_cast<std::uint32_t>(text_at) + i);
    put<std::uint32_t>(bytes, pieces_at + 16 * i + 12, i == 1 ? 2 : 1);
  }
  put<std::uint64_t>(bytes, 16, bytes.size());
  put<std::uint32_t>(bytes, 12, crc32c(std::string_view{bytes}.substr(16)));
  return bytes;
}

vector_settings small_settings() {
  vector_settings s;
  s.dimension = 3;
  s.links = 4;
  s.build_breadth = 10;
  s.search_breadth = 8;
  s.scan_below = 0;
  return s;
}

std::string saved_index() {
  vector_index index{small_settings()};
  for (doc_id d = 0; d < 12; ++d) {
    const auto x = static_cast<float>(d);
    const float vectors[6] = {1, x, -1, x, 1, 2};
    require_success(index.put(d, std::span{vectors, d % 2 ? std::size_t{3} : std::size_t{6}}),
                    "an index takes vectors");
  }
  index.link_some(10);
  index.erase(3);
  fault_file_system disk;
  require_success(disk.make_folder("data"), "a folder can be made");
  require_success(index.save(disk, "data/v"), "an index can be saved");
  return disk.content("data/v");
}

std::string saved_engine() {
  engine_settings settings;
  settings.vectors = small_settings();
  auto e = engine::make(settings);
  require_success(e, "an engine can be made");
  for (std::uint64_t i = 1; i < 6; ++i) {
    const auto key = std::string(1, static_cast<char>('a' + i - 1));
    const float vector[3] = {1, static_cast<float>(i), 0};
    e->put(key, blob{"text"}, value_kind::text, revision_t{i});
    require_success(e->annotate(key, revision_t{i}, {{0, 4}}, vector), "an engine takes vectors");
  }
  while (e->tidy_some()) {
  }
  fault_file_system disk;
  require_success(disk.make_folder("data"), "a folder can be made");
  require_success(e->save_vectors(disk, "data/v"), "vectors can be saved");
  return disk.content("data/v");
}

} // namespace

void make_search_seeds(const seed_sink& keep) {
  keep("model_file", "small", small_model());
  keep("vector_files", "index", saved_index());
  keep("vector_files", "engine", saved_engine());
  keep("search_query", "words", "quick dog -lazy OR (red door)");
  keep("search_query", "all",
       "\"brown foxes\" jump* slep~1 title:red OR na\xc3\xafve\nprice<20 tags=blue "
       "\"author.name\"=Ann new=true\njson/\ntitle");
  keep("search_query", "fuzzy", "wrod1~2 OR doogs~1 -title:\"blue sky\"\n-price>=99 price!=1e2\n\n");
  keep("search_value", "text",
       std::string("\0A dog, the quick foxes \xe6\x9d\xb1\xe4\xba\xac. Next sentence\n\nand on.", 51));
  keep("search_value", "json",
       "\1{\"title\":\"a red dog\",\"tags\":[\"x\",\"\\u00e4\\ud83d\\ude00\"],\"price\":-1.5e3,\"new\":"
       "true,\"deep\":{\"a\":[{\"b\":null}]}}");
}

} // namespace troupe::fuzzing
