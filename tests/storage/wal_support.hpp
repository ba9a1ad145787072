#pragma once

// A model of what the log should hold, and drivers that change log and model together.

#include "base/checksum.hpp"
#include "base/entry_archive.hpp"
#include "base/fault_file.hpp"
#include "storage/log_reader.hpp"
#include "storage/wal.hpp"

#include <gtest/gtest.h>

#include <cstdlib>
#include <iostream>
#include <memory>
#include <random>
#include <span>
#include <string>
#include <vector>

namespace troupe::storage::test {

inline wal_options small_options(const std::string& folder = "data/wal") {
  wal_options o;
  o.folder = folder;
  o.segment_bytes = 16u << 10;
  o.record_bytes_max = 1u << 20;
  o.recovered_tail_bytes_max = 8u << 10;
  return o;
}

inline membership members_of(std::uint64_t salt) {
  membership m;
  m.cluster = cluster_id{1, 2};
  for (std::uint64_t i = 0; i < 1 + salt % 3; ++i)
    m.members.push_back(
        {node_id{"n" + std::to_string(i)}, storage_id{salt, i}, "127.0.0.1:7000", "127.0.0.1:8000", true});
  return m;
}

/// Content is a function of index, term and size, so that a reader can tell a wrong entry from a right one.
inline entry make_entry(index_t index, term_t term, std::size_t size = 20) {
  entry e;
  e.index = index;
  e.term = term;
  e.kind = entry_kind::command;
  e.leader_time_ms = static_cast<std::int64_t>(index.value * 10);
  e.from = {incarnation_t{term.value}, index.value};
  std::string payload(size, '\0');
  std::mt19937_64 bytes{index.value * 1000003 + term.value};
  for (auto& c : payload)
    c = static_cast<char>(bytes());
  e.payload = blob{payload};
  return e;
}

inline entry make_membership_entry(index_t index, term_t term) {
  auto e = make_entry(index, term, 0);
  e.kind = entry_kind::membership;
  e.payload = blob{encode(members_of(index.value))};
  return e;
}

/// What the log says.
struct model {
  hard_state hard;
  snapshot_meta snapshot;
  index_t first{1};
  std::vector<entry> entries; ///< first, first + 1, ...

  index_t last() const { return first + entries.size() - 1; }
  term_t last_term() const { return entries.empty() ? snapshot.term : entries.back().term; }
  membership members() const {
    for (auto i = entries.size(); i > 0; --i) {
      auto& e = entries[i - 1];
      if (e.kind == entry_kind::membership && e.index > snapshot.index)
        return decode<membership>(e.payload.view(), "members").value();
    }
    return snapshot.members;
  }
  void truncate(index_t from) {
    while (!entries.empty() && entries.back().index >= from)
      entries.pop_back();
  }
  void keep_from(index_t from) {
    auto drop = std::min<std::size_t>(from - first, entries.size());
    entries.erase(entries.begin(), entries.begin() + static_cast<std::ptrdiff_t>(drop));
    first = from;
  }
  /// The newest membership at or before an index of the log.
  membership members_at(index_t index) const {
    auto copy = *this;
    copy.truncate(index + 1);
    return copy.members();
  }

  friend bool operator==(const model&, const model&) = default;
};

/// All entries that the log holds, through a reader of its own.
inline std::vector<entry> read_back(file_system& fs, const wal& log) {
  std::vector<entry> all;
  log_reader reader{fs, log.map(), small_options().record_bytes_max};
  for (auto next = log.map()->first(); next <= log.map()->last();) {
    auto some = reader.read(next, log.map()->last(), 4000);
    if (!some) {
      ADD_FAILURE() << some.error().detail;
      break;
    }
    all.insert(all.end(), some->begin(), some->end());
    next = all.back().index + 1;
  }
  return all;
}

/// What open() and the reader say, as a model; also checks that they agree with each other.
inline model observe(file_system& fs, const wal& log, const recovered_log& found) {
  model m;
  m.hard = found.state;
  m.snapshot = found.snapshot;
  m.first = found.first;
  m.entries = read_back(fs, log);
  EXPECT_EQ(log.first(), found.first);
  EXPECT_EQ(log.last(), found.last);
  EXPECT_EQ(m.last(), found.last);
  EXPECT_EQ(m.members(), found.members);
  std::vector<std::pair<index_t, membership>> later;
  for (auto& e : m.entries)
    if (e.kind == entry_kind::membership && e.index > m.snapshot.index)
      later.emplace_back(e.index, decode<membership>(e.payload.view(), "members").value());
  EXPECT_EQ(found.memberships, later);
  EXPECT_EQ(found.tail.empty(), m.entries.empty());
  EXPECT_LE(found.tail.size(), m.entries.size());
  if (found.tail.size() <= m.entries.size()) {
    EXPECT_TRUE(std::equal(found.tail.rbegin(), found.tail.rend(), m.entries.rbegin()));
  }
  std::vector<std::pair<index_t, term_t>> runs;
  for (auto& e : m.entries)
    if (runs.empty() || runs.back().second != e.term) runs.emplace_back(e.index, e.term);
  EXPECT_EQ(found.term_runs, runs);
  return m;
}

/// A log and the models it may be in after a crash: `candidates.front()` is what was synced last, the others
/// what each step that was staged since then would make of it.
class driven_log {
public:
  explicit driven_log(file_system& fs, wal_options options = small_options())
      : fs_(fs), options_(std::move(options)), candidates{model{}} {}

  result<void> open() {
    log.reset();
    auto opened = wal::open(fs_, options_, found);
    if (!opened) return opened.error();
    log = std::move(*opened);
    return {};
  }

  result<void> append(std::span<const entry> entries) {
    auto before = candidates.size();
    // A crash may leave any number of them, since they may stand in several records.
    for (auto& e : entries) {
      candidates.push_back(now());
      candidates.back().entries.push_back(e);
    }
    return staged(before, log->append(entries));
  }
  result<void> save(const hard_state& state) {
    auto before = candidates.size();
    candidates.push_back(now());
    candidates.back().hard = state;
    return staged(before, log->save(state));
  }
  result<void> truncate_suffix(index_t from) {
    auto before = candidates.size();
    candidates.push_back(now());
    candidates.back().truncate(from);
    return staged(before, log->truncate_suffix(from));
  }
  result<void> save_snapshot(const snapshot_meta& meta, index_t first_kept) {
    auto before = candidates.size();
    candidates.push_back(now());
    candidates.back().snapshot = meta;
    candidates.back().keep_from(first_kept);
    return staged(before, log->save_snapshot(meta, first_kept));
  }
  result<void> reset_to(const snapshot_meta& meta) {
    auto before = candidates.size();
    candidates.push_back(now());
    candidates.back().snapshot = meta;
    candidates.back().entries.clear();
    candidates.back().first = meta.index + 1;
    return staged(before, log->reset_to(meta));
  }
  result<void> sync() {
    auto done = log->sync();
    if (done) candidates.erase(candidates.begin(), candidates.end() - 1);
    return done;
  }
  /// One step chosen at random, sync among them.
  result<void> random_step(std::mt19937_64& random);

  const model& now() const { return candidates.back(); }

  /// After open(): fails unless the log is one of the candidates, which becomes the only one.
  void check() {
    auto seen = observe(fs_, *log, found);
    for (auto i = candidates.size(); i > 0; --i)
      if (candidates[i - 1] == seen) {
        candidates = {seen};
        return;
      }
    ADD_FAILURE() << "recovered something else than was written: entries " << seen.first.value << ".."
                  << seen.last().value << ", term " << seen.hard.term.value << ", snapshot "
                  << seen.snapshot.index.value << "; acknowledged were " << candidates.front().first.value
                  << ".." << candidates.front().last().value << ", term "
                  << candidates.front().hard.term.value << ", snapshot "
                  << candidates.front().snapshot.index.value << "; notes " << found.notes;
    candidates = {seen};
  }

private:
  /// A call that failed has staged nothing, unless the log is poisoned; then parts of it may turn up.
  result<void> staged(std::size_t candidates_before, result<void> done) {
    if (!done && done.error().code != errc::io_error)
      candidates.erase(candidates.begin() + static_cast<std::ptrdiff_t>(candidates_before), candidates.end());
    return done;
  }

  file_system& fs_;
  wal_options options_;

public:
  std::vector<model> candidates;
  std::unique_ptr<wal> log;
  recovered_log found;
};

inline result<void> driven_log::random_step(std::mt19937_64& random) {
  auto& m = now();
  switch (random() % 16) {
  default: {
    std::vector<entry> entries;
    auto term = std::max(m.last_term(), term_t{1}) + (random() % 8 == 0 ? 1 : 0);
    for (auto i = 1 + random() % 5; i > 0; --i) {
      auto index = m.last() + 1 + entries.size();
      auto size = random() % 60 == 0 ? 20000 + random() % 5000 : random() % 700;
      entries.push_back(random() % 12 == 0 ? make_membership_entry(index, term)
                                           : make_entry(index, term, size));
    }
    return append(entries);
  }
  case 0:
  case 1: return save({m.hard.term + random() % 2, node_id{random() % 2 ? "n1" : "n2"}});
  case 2:
    if (m.last() == m.snapshot.index) return {};
    return truncate_suffix(m.snapshot.index + 1 + random() % (m.last() - m.snapshot.index));
  case 3: {
    if (m.entries.empty()) return {};
    auto& e = m.entries[random() % m.entries.size()];
    if (e.index < m.snapshot.index) return {};
    auto back = std::min(random() % 10, e.index + 1 - m.first);
    return save_snapshot({e.index, e.term, m.members_at(e.index)}, e.index + 1 - back);
  }
  case 4:
    if (random() % 4 != 0) return {};
    return reset_to(
        {m.snapshot.index + random() % 100, std::max(m.last_term(), term_t{1}), members_of(random() % 50)});
  case 5: return log->needs_next() ? log->prepare_next() : result<void>{};
  case 6:
  case 7:
  case 8:
  case 9: return sync();
  }
}

/// The seed of a randomised test: TROUPE_SEED, or `usual`. Printed, so that a failure can be repeated.
inline std::uint64_t seed_or(std::uint64_t usual) {
  auto* text = std::getenv("TROUPE_SEED");
  auto seed = text ? std::strtoull(text, nullptr, 10) : usual;
  std::cout << "TROUPE_SEED=" << seed << "\n";
  return seed;
}

} // namespace troupe::storage::test
