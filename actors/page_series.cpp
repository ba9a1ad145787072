#include "actors/page_series.hpp"

#include <algorithm>
#include <array>
#include <charconv>

namespace troupe {

namespace {

std::size_t cost(const page_series::series& s) {
  std::size_t bytes = 256;
  for (auto& h : s.hits)
    bytes += 192 + h.key.size() + h.value.size();
  return bytes;
}

} // namespace

std::uint64_t page_series::add(series s, std::int64_t now_ms) {
  s.used_ms = now_ms;
  s.bytes = cost(s);
  bytes_ += s.bytes;
  kept_.emplace(++last_, std::move(s));
  // The newest stays, however large: its first page has just been promised a second.
  while (kept_.size() > 1 && (kept_.size() > series_max || bytes_ > bytes_max))
    drop_oldest();
  return last_;
}

void page_series::drop_oldest() {
  auto newest = std::prev(kept_.end());
  auto oldest = std::min_element(kept_.begin(), newest,
                                 [](auto& a, auto& b) { return a.second.used_ms < b.second.used_ms; });
  bytes_ -= oldest->second.bytes;
  kept_.erase(oldest);
}

page_series::series* page_series::find(std::uint64_t number, std::int64_t now_ms) {
  auto found = kept_.find(number);
  if (found == kept_.end()) return nullptr;
  found->second.used_ms = now_ms;
  return &found->second;
}

void page_series::expire(std::int64_t now_ms) {
  std::erase_if(kept_, [&](auto& one) {
    bool over = one.second.used_ms + keep_ms <= now_ms;
    if (over) bytes_ -= one.second.bytes;
    return over;
  });
}

std::string page_series::cursor(std::uint64_t number, std::uint32_t next) const {
  return std::to_string(incarnation_) + "-" + std::to_string(number) + "-" + std::to_string(next);
}

std::optional<page_series::place> page_series::parse(std::string_view cursor) const {
  std::array<std::uint64_t, 3> numbers{};
  auto* at = cursor.data();
  auto* end = cursor.data() + cursor.size();
  for (std::size_t i = 0; i < numbers.size(); ++i) {
    if (i > 0) {
      if (at == end || *at != '-') return std::nullopt;
      ++at;
    }
    auto [next, why] = std::from_chars(at, end, numbers[i]);
    if (why != std::errc{}) return std::nullopt;
    at = next;
  }
  if (at != end || numbers[0] != incarnation_ || numbers[2] > search::results_max) return std::nullopt;
  return place{numbers[1], static_cast<std::uint32_t>(numbers[2])};
}

} // namespace troupe
