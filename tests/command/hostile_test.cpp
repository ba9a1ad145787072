// Every truncation and every flipped bit of every type: a value or errc::corrupt, and never much more memory
// than the input.

#include "command/archive.hpp"
#include "command/codec.hpp"
#include "tests/command/samples.hpp"

#include <gtest/gtest.h>

#include <cstdlib>
#include <new>

namespace {

std::size_t allocated_bytes = 0;

} // namespace

// Not inlined, or the compiler sees free() meet what it takes for its own operator new.
[[gnu::noinline]] void* operator new(std::size_t size) {
  allocated_bytes += size;
  if (auto* memory = std::malloc(size)) return memory;
  throw std::bad_alloc{};
}
[[gnu::noinline]] void operator delete(void* memory) noexcept {
  std::free(memory);
}
[[gnu::noinline]] void operator delete(void* memory, std::size_t) noexcept {
  std::free(memory);
}

namespace troupe {
namespace {

/// All allocations of one decoding together, freed or not; growing vectors count several times.
constexpr std::size_t allocated_per_byte_max = 64;
constexpr std::size_t allocated_flat_max = 16 * 1024;

template <class Decode>
auto decode_bounded(std::string_view bytes, Decode decode) {
  allocated_bytes = 0;
  auto value = decode(bytes);
  EXPECT_LE(allocated_bytes, bytes.size() * allocated_per_byte_max + allocated_flat_max);
  EXPECT_TRUE(value || value.error().code == errc::corrupt);
  return value;
}

template <class Decode, class Encode>
void attack(const std::string& good, Decode decode, Encode encode) {
  ASSERT_TRUE(decode_bounded(good, decode));
  for (std::size_t size = 0; size < good.size(); ++size)
    EXPECT_FALSE(decode_bounded(std::string_view{good}.substr(0, size), decode)) << "cut at " << size;
  EXPECT_FALSE(decode_bounded(good + '\0', decode));
  auto try_bytes = [&](const std::string& bad) {
    // There is one encoding of a value: what is accepted is what would have been written.
    auto value = decode_bounded(bad, decode);
    EXPECT_TRUE(!value || encode(*value) == bad);
  };
  for (std::size_t at = 0; at < good.size(); ++at) {
    for (unsigned bit = 0; bit < 8; ++bit) {
      auto bad = good;
      bad[at] = static_cast<char>(bad[at] ^ (1 << bit));
      try_bytes(bad);
    }
    for (char byte : {'\x00', '\x01', '\x02', '\x7f', '\xff'}) {
      auto bad = good;
      bad[at] = byte;
      try_bytes(bad);
    }
    if (at + 4 > good.size()) continue;
    for (std::uint32_t length : {0xffffffffu, 0x7fffffffu, 0x01000000u, 100'000u, 65'537u}) {
      auto bad = good;
      std::memcpy(bad.data() + at, &length, sizeof length);
      try_bytes(bad);
    }
  }
}

template <class T>
void attack_value(const T& value) {
  attack(
      encode(value), [](std::string_view b) { return decode<T>(b, "value"); },
      [](const T& v) { return encode(v); });
}

TEST(hostile_input, commands) {
  for (auto& c : samples::commands())
    attack(std::string{encode_command(c).view()}, decode_command,
           [](const command& v) { return std::string{encode_command(v).view()}; });
  for (auto& c : samples::embedding_commands())
    attack(std::string{encode_command(c).view()}, decode_command,
           [](const command& v) { return std::string{encode_command(v).view()}; });
}

TEST(hostile_input, vectors) {
  std::string good{encode_vectors(samples::some_vectors()).view()};
  attack(
      good, [](std::string_view b) { return decode_vectors(b, 3); },
      [](const passage_vectors& v) { return std::string{encode_vectors(v).view()}; });
}

TEST(hostile_input, requests) {
  attack(encode_requests(samples::requests()), decode_requests, encode_requests);
}
TEST(hostile_input, answers) {
  attack(encode_answers(samples::answers()), decode_answers, encode_answers);
}
TEST(hostile_input, results) {
  attack(encode_result(samples::some_result()), decode_result, encode_result);
}

TEST(hostile_input, every_part_alone) {
  attack_value(samples::some_key_value());
  attack_value(samples::some_transaction());
  attack_value(samples::some_status());
  for (auto& r : samples::requests())
    attack_value(r);
  for (auto& a : samples::answers())
    attack_value(a);
}

TEST(hostile_input, many_short_elements) {
  // The cheapest bytes for the dearest elements: the shortest encodings, as many as the input pretends to
  // hold.
  std::string bytes{encode_command({{}, {}, transaction{}}).view()};
  bytes.resize(bytes.size() - 12);
  for (std::uint32_t count : {1'000u, 100'000u, 0xffffffffu}) {
    auto bad = bytes + encode(std::uint32_t{0}) + encode(count) + std::string(200'000, '\0');
    EXPECT_FALSE(decode_bounded(bad, decode_command));
  }
  std::string shortest_gets = bytes + encode(std::uint32_t{0}) + encode(std::uint32_t{100'000});
  for (int i = 0; i < 100'000; ++i)
    shortest_gets += encode(operation{get_operation{"k"}});
  shortest_gets += encode(std::uint32_t{0});
  EXPECT_TRUE(decode_bounded(shortest_gets, decode_command));
  command_result many;
  many.results.resize(100'000, get_result{});
  EXPECT_TRUE(decode_bounded(encode_result(many), decode_result));
}

TEST(hostile_input, many_short_parts_of_searches) {
  search_request wide;
  wide.fields.resize(50'000);
  wide.facets.resize(50'000);
  wide.vector.resize(50'000);
  EXPECT_TRUE(decode_bounded(encode_requests({{1, 2, wide}}), decode_requests));
  search_result found;
  found.hits.resize(5'000);
  found.hits[0].highlights.resize(20'000);
  found.hits[0].explanation.emplace().text.resize(5'000);
  found.facets.resize(20'000);
  found.facets[0].values.resize(20'000);
  EXPECT_TRUE(decode_bounded(encode_answers({{1, found}}), decode_answers));
}

} // namespace
} // namespace troupe
