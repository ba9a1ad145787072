#include "command/vectors.hpp"

#include "base/assert.hpp"
#include "command/limits.hpp"

#include <cmath>
#include <cstring>
#include <string>

namespace troupe {

namespace {

constexpr std::size_t passage_bytes = 2 * sizeof(std::uint32_t);

template <class T>
T number_at(std::string_view bytes, std::size_t at) {
  T value;
  std::memcpy(&value, bytes.data() + at, sizeof value);
  return value;
}

/// As the bytes claim; 0 when that cannot be.
std::size_t passages_of(std::string_view bytes) {
  if (bytes.size() < sizeof(std::uint32_t)) return 0;
  auto count = number_at<std::uint32_t>(bytes, 0);
  return count <= limits::passages_max ? count : 0;
}

} // namespace

blob encode_vectors(const passage_vectors& v) {
  auto count = v.passages.size();
  TROUPE_ASSERT(count != 0 && v.vectors.size() % count == 0, "each passage has its vector");
  std::string out(sizeof(std::uint32_t) + count * passage_bytes + v.vectors.size() * sizeof(float), '\0');
  auto* at = out.data();
  auto write = [&at](auto value) {
    std::memcpy(at, &value, sizeof value);
    at += sizeof value;
  };
  write(static_cast<std::uint32_t>(count));
  for (auto [begin, end] : v.passages) {
    write(begin);
    write(end);
  }
  for (auto x : v.vectors)
    write(x);
  return blob{out};
}

bool valid_vectors(std::string_view bytes, std::uint32_t dimension) {
  auto count = passages_of(bytes);
  if (count == 0 || dimension == 0 || dimension != dimension_of(bytes)) return false;
  std::size_t at = sizeof(std::uint32_t);
  for (std::size_t i = 0; i < count; ++i, at += passage_bytes)
    if (number_at<std::uint32_t>(bytes, at) > number_at<std::uint32_t>(bytes, at + sizeof(std::uint32_t)))
      return false;
  for (; at < bytes.size(); at += sizeof(float))
    if (!std::isfinite(number_at<float>(bytes, at))) return false;
  return true;
}

result<passage_vectors> decode_vectors(std::string_view bytes, std::uint32_t dimension) {
  if (!valid_vectors(bytes, dimension))
    return error{errc::corrupt, "no vectors of dimension " + std::to_string(dimension)};
  passage_vectors v;
  v.passages.resize(passages_of(bytes));
  std::size_t at = sizeof(std::uint32_t);
  for (auto& [begin, end] : v.passages) {
    begin = number_at<std::uint32_t>(bytes, at);
    end = number_at<std::uint32_t>(bytes, at + sizeof begin);
    at += passage_bytes;
  }
  v.vectors.resize((bytes.size() - at) / sizeof(float));
  std::memcpy(v.vectors.data(), bytes.data() + at, bytes.size() - at);
  return v;
}

std::uint32_t dimension_of(std::string_view bytes) {
  auto count = passages_of(bytes);
  auto head = sizeof(std::uint32_t) + count * passage_bytes;
  if (count == 0 || bytes.size() < head || (bytes.size() - head) % (count * sizeof(float)) != 0) return 0;
  auto dimension = (bytes.size() - head) / (count * sizeof(float));
  return dimension <= limits::vector_dimension_max ? static_cast<std::uint32_t>(dimension) : 0;
}

} // namespace troupe
