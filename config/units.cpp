#include "config/units.hpp"

#include "config/text.hpp"

#include <array>
#include <charconv>
#include <limits>

namespace troupe::config {
namespace {

struct unit {
  std::string_view name;
  std::uint64_t factor;
};

// Smallest first: what formats a number walks them from the back.
constexpr std::array<unit, 5> times{
    {{"ms", 1}, {"s", 1000}, {"m", 60'000}, {"h", 3'600'000}, {"d", 86'400'000}}};
constexpr std::array<unit, 5> sizes{
    {{"B", 1}, {"KiB", 1ull << 10}, {"MiB", 1ull << 20}, {"GiB", 1ull << 30}, {"TiB", 1ull << 40}}};

constexpr std::string_view time_help = "write a time such as \"150ms\", \"2s\" or \"5m\"";
constexpr std::string_view size_help = "write a size such as \"4KiB\", \"64MiB\" or \"1GiB\"";

error wrong(std::string_view text, std::string_view what, std::string_view help) {
  std::string detail = in_quotes(text);
  detail.append(what).append("; ").append(help);
  return {errc::invalid_argument, std::move(detail)};
}

template <std::size_t N>
result<std::uint64_t> parse_with(std::string_view text, const std::array<unit, N>& units,
                                 std::string_view help) {
  const auto digits = text.find_first_not_of("0123456789");
  if (digits == 0 || text.empty()) return wrong(text, " does not start with a whole number", help);
  if (digits == std::string_view::npos) return wrong(text, " has no unit", help);
  const auto name = text.substr(digits);
  if (name.front() == '.' || name.front() == ',') return wrong(text, " is not a whole number", help);
  if (name.front() == ' ') return wrong(text, " has a space in it", help);

  const unit* found = nullptr;
  for (const auto& u : units)
    if (u.name == name) found = &u;
  if (found == nullptr) return wrong(text, " has an unknown unit", help);

  std::uint64_t number = 0;
  const auto parsed = std::from_chars(text.data(), text.data() + digits, number);
  // Milliseconds are signed in <chrono>, so both kinds stop at the signed maximum.
  constexpr auto most = static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max());
  if (parsed.ec != std::errc{} || number > most / found->factor) return wrong(text, " is too large", help);
  return number * found->factor;
}

template <std::size_t N>
std::string format_with(std::uint64_t value, const std::array<unit, N>& units) {
  const unit* best = &units.front();
  if (value != 0)
    for (const auto& u : units)
      if (value % u.factor == 0) best = &u;
  return std::to_string(value / best->factor).append(best->name);
}

} // namespace

result<std::chrono::milliseconds> parse_duration(std::string_view text) {
  const auto value = parse_with(text, times, time_help);
  if (!value) return value.error();
  return std::chrono::milliseconds{static_cast<std::int64_t>(*value)};
}

result<std::uint64_t> parse_size(std::string_view text) {
  return parse_with(text, sizes, size_help);
}

std::string format_duration(std::chrono::milliseconds time) {
  return format_with(static_cast<std::uint64_t>(time.count()), times);
}

std::string format_size(std::uint64_t bytes) {
  return format_with(bytes, sizes);
}

} // namespace troupe::config
