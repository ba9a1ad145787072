// The file of the built-in model, and texts cut into the pieces of its vocabulary.

#include "search/model_file.hpp"

#include "base/checksum.hpp"
#include "search/use_tokenizer.hpp"
#include "tests/fuzzing/target.hpp"

#include <cstring>

namespace troupe::fuzzing {

namespace {

void run(std::string_view input) {
  result<std::shared_ptr<const search::model_file>> opened = error{};
  {
    memory_bound bound{input.size()};
    opened = search::model_file::from_bytes(input);
  }
  if (!opened) {
    require(!opened.error().detail.empty(), "a refusal says why");
    return;
  }
  auto& file = **opened;
  float sum = 0;
  for (auto& t : file.tensors()) {
    require(t.values.size() == std::size_t{t.rows} * t.columns, "a tensor has its shape");
    if (auto found = file.find(t.name, t.layout, t.rows, t.columns))
      require(found->name == t.name, "a tensor is found by its name");
    for (float value : t.values)
      sum += value == value ? 1.0F : 0.0F; // touches every byte
  }
  require(sum >= 0, "tensors lie in the file");
  auto tokenizer = search::use_tokenizer::make(file);
  if (!tokenizer) return;
  search::use_tokenizer::scratch space;
  for (std::string_view text : {std::string_view{"abc ab a"}, input.substr(0, 64), std::string_view{}})
    for (auto id : tokenizer->encode(text, space))
      require(id < file.pieces().size(), "ids are those of pieces");
}

void repair(std::string& input) {
  constexpr std::size_t checksum_at = 12;
  constexpr std::size_t size_at = 16;
  if (input.size() < size_at + 8) return;
  std::uint64_t size = input.size();
  std::memcpy(input.data() + size_at, &size, sizeof size);
  auto sum = crc32c(std::string_view{input}.substr(size_at));
  std::memcpy(input.data() + checksum_at, &sum, sizeof sum);
}

} // namespace

constinit const target model_file{"model_file", run, repair};

} // namespace troupe::fuzzing
