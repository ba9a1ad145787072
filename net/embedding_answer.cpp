#include "net/embedding_answer.hpp"

#include <boost/json.hpp>

#include <algorithm>
#include <cmath>
#include <limits>
#include <vector>

namespace troupe::net {

namespace {

namespace json = boost::json;

/// Appends one vector, or says what is wrong with it.
result<void> read_vector(const json::value* values, std::uint32_t dimension, float* to) {
  const auto* numbers = values == nullptr ? nullptr : values->if_array();
  if (numbers == nullptr) return error{errc::unavailable, "an embedding is missing"};
  if (numbers->size() != dimension)
    return error{errc::unavailable, "an embedding has dimension " + std::to_string(numbers->size()) +
                                        ", configured is " + std::to_string(dimension)};
  for (const auto& number : *numbers) {
    if (!number.is_number()) return error{errc::unavailable, "an embedding has something that is no number"};
    const auto value = number.to_number<double>();
    if (!(std::abs(value) <= std::numeric_limits<float>::max()))
      return error{errc::unavailable, "an embedding has a number that is not finite"};
    *to++ = static_cast<float>(value);
  }
  if (std::all_of(to - dimension, to, [](float x) { return x == 0; }))
    return error{errc::unavailable, "an embedding has only zeros"};
  return {};
}

} // namespace

result<void> read_embedding_answer(std::string_view body, std::size_t count, std::uint32_t dimension,
                                   float* to) {
  json::parse_options limits;
  limits.max_depth = 16;
  boost::system::error_code failed;
  const auto answer = json::parse(body, failed, {}, limits);
  const auto* members = failed ? nullptr : answer.if_object();
  const auto* data = members == nullptr ? nullptr : members->if_contains("data");
  const auto* items = data == nullptr ? nullptr : data->if_array();
  if (items == nullptr) return error{errc::unavailable, "the answer is not a list of embeddings"};
  if (items->size() != count)
    return error{errc::unavailable, "the answer has " + std::to_string(items->size()) + " embeddings for " +
                                        std::to_string(count) + " texts"};
  std::vector<bool> seen(count);
  for (std::size_t place = 0; place < count; ++place) {
    const auto* item = (*items)[place].if_object();
    if (item == nullptr) return error{errc::unavailable, "the answer is not a list of embeddings"};
    auto index = place;
    if (const auto* given = item->if_contains("index")) {
      boost::system::error_code no_index;
      index = given->to_number<std::size_t>(no_index);
      if (no_index) index = count;
    }
    if (index >= count || seen[index])
      return error{errc::unavailable, "the answer has embeddings with impossible indexes"};
    seen[index] = true;
    auto done = read_vector(item->if_contains("embedding"), dimension, to + index * dimension);
    if (!done) return done.error();
  }
  return {};
}

} // namespace troupe::net
