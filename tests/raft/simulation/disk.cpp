#include "tests/raft/simulation/disk.hpp"

#include "base/assert.hpp"
#include "base/entry_archive.hpp"

#include <algorithm>
#include <utility>

namespace troupe::raft::simulation {

void image::apply(const persist_batch& batch) {
  if (batch.state) state = *batch.state;
  if (batch.truncate_from) {
    TROUPE_ASSERT(*batch.truncate_from > before && *batch.truncate_from <= last(),
                  "truncates what is not there");
    entries.resize(*batch.truncate_from - before - 1);
  }
  for (auto& e : batch.entries) {
    TROUPE_ASSERT(e.index == last() + 1, "a batch leaves a gap");
    entries.push_back(e);
  }
}

void image::compact(index_t first_kept) {
  if (first_kept <= before + 1) return;
  auto count = std::min<std::uint64_t>(first_kept - before - 1, entries.size());
  entries.erase(entries.begin(), entries.begin() + static_cast<std::ptrdiff_t>(count));
  before = first_kept - 1;
}

void disk::write(persist_batch batch) {
  written_.apply(batch);
  unsynced_.push_back(std::move(batch));
}

std::uint64_t disk::sync_one() {
  auto batch = std::move(unsynced_.front());
  unsynced_.pop_front();
  durable_.apply(batch);
  return batch.number;
}

std::uint64_t disk::sync_state() {
  bool found = false;
  for (auto& batch : unsynced_) {
    if (!batch.state) continue;
    durable_.state = *std::exchange(batch.state, std::nullopt);
    found = true;
  }
  return found ? unsynced_.back().number : 0;
}

void disk::snapshot(const snapshot_meta& meta, std::string bytes, index_t first_kept) {
  TROUPE_ASSERT(meta.index <= durable_.last(), "a snapshot ahead of the durable log");
  for (auto* i : {&durable_, &written_}) {
    i->snapshot = meta;
    i->snapshot_bytes = bytes;
    i->compact(first_kept);
  }
}

void disk::install(const snapshot_meta& meta, std::string bytes) {
  while (has_unsynced())
    sync_one();
  durable_ = image{durable_.state, meta.index, {}, meta, std::move(bytes)};
  written_ = durable_;
}

void disk::crash(random& dice, coverage& seen) {
  auto surviving = dice.between(0, unsynced_.size());
  for (; surviving > 0; --surviving)
    sync_one();
  if (!unsynced_.empty()) {
    seen.reached("batch lost in a crash");
    auto& next = unsynced_.front();
    if (dice.between(0, 1) == 0 && !next.entries.empty()) {
      next.entries.resize(dice.between(0, next.entries.size() - 1));
      durable_.apply(next);
      seen.reached("batch torn in a crash");
    }
  }
  unsynced_.clear();
  written_ = durable_;
}

recovered disk::recover(std::size_t tail_max) const {
  recovered r;
  r.state = durable_.state;
  r.snapshot = durable_.snapshot;
  r.last_index = durable_.last();
  for (auto& e : durable_.entries) {
    if (r.terms.empty() || r.terms.back().term != e.term) r.terms.push_back({e.index, e.term});
    if (e.kind == entry_kind::membership && e.index > r.snapshot.index)
      r.memberships.push_back({e.index, decode<membership>(e.payload.view(), "membership").value()});
    r.leader_time_ms = e.leader_time_ms;
  }
  auto count = std::min(tail_max, durable_.entries.size());
  r.tail.assign(durable_.entries.end() - static_cast<std::ptrdiff_t>(count), durable_.entries.end());
  return r;
}

} // namespace troupe::raft::simulation
