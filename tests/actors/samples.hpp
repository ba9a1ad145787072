#pragma once

// Entries and requests that the actor tests feed in.

#include "base/entry_archive.hpp"
#include "command/codec.hpp"
#include "command/request.hpp"
#include "tests/storage/state_driver.hpp"

#include <optional>
#include <string>

namespace troupe::test {

using storage::testing::command_of;
using storage::testing::compacting;
using storage::testing::putting;

inline membership members_of(std::initializer_list<const char*> names) {
  membership m{cluster_id{7, 8}, {}};
  std::uint64_t n = 0;
  for (auto* name : names) {
    ++n;
    m.members.push_back(
        {node_id{name}, storage_id{0, n}, std::string(name) + ":7000", std::string(name) + ":8000", true});
  }
  return m;
}

inline entry entry_of(std::uint64_t index, blob payload, origin from = {}) {
  return {
      term_t{1}, index_t{index},    entry_kind::command, 1'700'000'000'000 + static_cast<std::int64_t>(index),
      from,      std::move(payload)};
}
inline entry put_entry(std::uint64_t index, std::string key, std::string_view value, origin from = {}) {
  return entry_of(index, encode_command(putting(std::move(key), value)), from);
}

inline request put_request(std::uint64_t id, std::string key, std::string_view value,
                           std::uint32_t timeout_ms = 5'000) {
  return {id, timeout_ms, write_request{encode_command(putting(std::move(key), value))}};
}
inline request get_request(std::uint64_t id, std::string key, consistency mode = consistency::linearizable,
                           std::uint32_t timeout_ms = 5'000) {
  return {id, timeout_ms, read_request{get_query{std::move(key), {}}, mode}};
}

/// The value in a get's answer; none when the key is absent or the answer is another.
inline std::optional<std::string> value_in(const answer& a) {
  auto* r = std::get_if<query_result>(&a.body);
  if (!r || r->code != query_outcome::ok || r->items.empty()) return std::nullopt;
  return std::string{r->items[0].value.view()};
}
inline std::optional<refusal_kind> refusal_in(const answer& a) {
  auto* r = std::get_if<refusal>(&a.body);
  return r ? std::optional{r->kind} : std::nullopt;
}

} // namespace troupe::test
