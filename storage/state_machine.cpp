#include "storage/state_machine.hpp"

#include "base/assert.hpp"
#include "base/entry_archive.hpp"
#include "command/limits.hpp"
#include "storage/state_machine_parts.hpp"

#include <algorithm>

namespace troupe::storage {

state_machine::state_machine() : parts_(std::make_unique<state_parts>()) {}
state_machine::state_machine(std::unique_ptr<state_parts> parts) : parts_(std::move(parts)) {}
state_machine::state_machine(state_machine&&) noexcept = default;
state_machine& state_machine::operator=(state_machine&&) noexcept = default;
state_machine::~state_machine() = default;

index_t state_machine::applied() const {
  return parts_->index;
}
term_t state_machine::applied_term() const {
  return parts_->term;
}
revision_t state_machine::revision() const {
  return parts_->keys->revision();
}
revision_t state_machine::compacted() const {
  return parts_->keys->compacted();
}
std::uint64_t state_machine::keys() const {
  return parts_->keys->keys();
}
std::uint64_t state_machine::logical_bytes() const {
  return parts_->keys->bytes() + parts_->embedding->bytes();
}
bool state_machine::memory_alarm() const {
  return parts_->memory_alarm;
}
std::uint64_t state_machine::sessions() const {
  return parts_->sessions.size();
}
std::uint64_t state_machine::idempotency_keys() const {
  return parts_->idempotency.size();
}
const membership& state_machine::members() const {
  return parts_->members;
}
std::int64_t state_machine::leader_time_ms() const {
  return parts_->time_ms;
}
std::size_t state_machine::pins() const {
  return parts_->keys->pins();
}

bool state_machine::compact_some(std::size_t work) {
  // Each gets its share in every call, so that a long compaction does not keep expired keys in memory.
  bool keys = parts_->keys->free_some(work);
  bool expired = parts_->idempotency.free_some(work);
  bool ended = parts_->sessions.free_some(work / limits::session_results_max + 1);
  bool vectors = parts_->embedding->free_some(work);
  return keys || expired || ended || vectors;
}

command_result state_machine::apply(const entry& e) {
  TROUPE_ASSERT(e.index == parts_->index + 1, "entries are applied in order, each once");
  TROUPE_ASSERT(e.term >= parts_->term, "terms never go back in a log");
  parts_->index = e.index;
  parts_->term = e.term;
  parts_->time_ms = std::max(parts_->time_ms, e.leader_time_ms);
  parts_->sessions.expire(parts_->time_ms);
  parts_->idempotency.expire(parts_->time_ms);
  switch (e.kind) {
  case entry_kind::noop: return {};
  case entry_kind::command: return parts_->apply_command(e);
  case entry_kind::membership: return parts_->apply_membership(e.payload.view());
  }
  TROUPE_ASSERT(false, "every kind of entry is handled");
  return {};
}

query_result run_query(const key_space& keys, const query& q, revision_t oldest, revision_t newest) {
  auto at = std::visit([](auto& one) { return one.at; }, q).value_or(newest);
  query_result refused{.code = query_outcome::ok, .revision = newest, .compacted = oldest, .items = {}};
  if (at > newest) {
    refused.code = query_outcome::future;
    return refused;
  }
  if (at < oldest) {
    refused.code = query_outcome::compacted;
    return refused;
  }
  if (auto* range = std::get_if<range_query>(&q)) {
    auto answer = keys.range(*range, at);
    answer.compacted = oldest;
    return answer;
  }
  query_result answer{.code = query_outcome::ok, .revision = at, .compacted = oldest, .items = {}};
  if (auto found = keys.get(std::get<get_query>(q).key, at)) answer.items.push_back(std::move(*found));
  return answer;
}

query_result state_machine::run(const query& q) const {
  auto& keys = *parts_->keys;
  return run_query(keys, q, keys.compacted(), keys.revision());
}

} // namespace troupe::storage
