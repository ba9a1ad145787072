// What an embedding service answers. Two bytes: how many vectors of which dimension were asked for; then the
// answer.

#include "net/embedding_answer.hpp"
#include "tests/fuzzing/pieces.hpp"
#include "tests/fuzzing/target.hpp"

#include <algorithm>
#include <cmath>
#include <vector>

namespace troupe::fuzzing {

namespace {

void run(std::string_view input) {
  pieces in{input};
  std::size_t count = 1 + in.byte() % 4;
  std::uint32_t dimension = 1 + in.byte() % 4;
  std::vector<float> vectors(count * dimension);
  result<void> read;
  {
    memory_bound bound{input.size()};
    read = net::read_embedding_answer(in.rest(), count, dimension, vectors.data());
  }
  if (!read) {
    require(read.error().code == errc::unavailable && !read.error().detail.empty(), "a refusal says why");
    return;
  }
  for (std::size_t i = 0; i < count; ++i) {
    auto begin = vectors.begin() + static_cast<std::ptrdiff_t>(i * dimension);
    auto end = begin + dimension;
    require(std::all_of(begin, end, [](float x) { return std::isfinite(x); }),
            "vectors are of finite numbers");
    require(std::any_of(begin, end, [](float x) { return x != 0; }), "no vector has only zeros");
  }
}

} // namespace

constinit const target embedder_answer{"embedder_answer", run};

} // namespace troupe::fuzzing
