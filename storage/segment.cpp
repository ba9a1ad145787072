#include "storage/segment.hpp"

#include <charconv>
#include <cstdio>

namespace troupe::storage {

namespace {

constexpr std::size_t digits = 20; // as many as 2^64 - 1 has
constexpr std::string_view suffix = ".wal";

bool parse_number(std::string_view text, std::uint64_t& out) {
  auto [end, failure] = std::from_chars(text.data(), text.data() + text.size(), out);
  return failure == std::errc{} && end == text.data() + text.size();
}

} // namespace

std::string segment_name(std::uint64_t sequence, index_t first) {
  char name[2 * digits + 16];
  std::snprintf(name, sizeof name, "%020llu-%020llu.wal", static_cast<unsigned long long>(sequence),
                static_cast<unsigned long long>(first.value));
  return name;
}

std::optional<segment_info> parse_segment_name(std::string_view name) {
  if (name.size() != 2 * digits + 1 + suffix.size() || !name.ends_with(suffix) || name[digits] != '-')
    return std::nullopt;
  segment_info info;
  std::uint64_t first = 0;
  if (!parse_number(name.substr(0, digits), info.sequence)) return std::nullopt;
  if (!parse_number(name.substr(digits + 1, digits), first)) return std::nullopt;
  info.first = index_t{first};
  return info;
}

} // namespace troupe::storage
