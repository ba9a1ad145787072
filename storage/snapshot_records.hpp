#pragma once

// The records that make up the chunks of a snapshot. docs/formats.md, "Snapshot chunks", describes the bytes:
// each record is a byte that says its kind and the members of its struct in order, by the archives of
// base/archive.hpp. A chunk is any number of whole records; chunks of one state, one after the other, are the
// same bytes wherever they are cut.

#include "base/archive.hpp"
#include "base/entry_archive.hpp"
#include "command/archive.hpp"
#include "storage/change.hpp"
#include "storage/origin_table.hpp"

namespace troupe::storage {

/// Version 1 has neither model nor annotations, and is read as well. A state with the memory alarm on is
/// version 3, every other one version 2: nothing has two encodings.
inline constexpr std::uint8_t snapshot_state_version = 2;
inline constexpr std::uint8_t snapshot_state_version_alarm = 3;

enum class snapshot_record : std::uint8_t {
  state = 1,       ///< first
  origin = 2,      ///< by incarnation
  session = 3,     ///< by id
  idempotency = 4, ///< in the order of the log
  value = 5,       ///< with tombstones: keys ascending, versions of a key from newest to oldest
  tombstone = 6,
  end = 7, ///< last
  // The numbers of these came later than their places.
  embedding = 8,  ///< before the values; none when no model was ever set
  annotation = 9, ///< of the value right before it, which is the newest version of its key
};
constexpr bool is_valid(snapshot_record v) {
  return v >= snapshot_record::state && v <= snapshot_record::annotation;
}

struct state_record {
  std::uint8_t version = snapshot_state_version;
  snapshot_meta meta;
  std::int64_t leader_time_ms = 0;
  revision_t revision;
  revision_t compacted;
  bool memory_alarm() const { return version == snapshot_state_version_alarm; }
};
template <class Archive>
void serialize(Archive& ar, state_record& v, unsigned) {
  ar& v.version;
  ar& v.meta;
  ar& v.leader_time_ms;
  ar& v.revision;
  ar& v.compacted;
}

/// The newest proposals of one process.
struct origin_record {
  incarnation_t who;
  origin_window window;
};
template <class Archive>
void serialize(Archive& ar, origin_record& v, unsigned) {
  ar& v.who;
  ar& v.window.last_used_ms;
  ar& v.window.highest;
  ar& v.window.bits;
}

/// A session; its remembered results (u64 sequence, blob) follow, as a vector does.
struct session_record {
  session_id id;
  std::int64_t last_used_ms = 0;
  sequence_t lowest;
  std::uint32_t results = 0;
};
template <class Archive>
void serialize(Archive& ar, session_record& v, unsigned) {
  ar& v.id;
  ar& v.last_used_ms;
  ar& v.lowest;
  ar& v.results;
}

template <class Archive>
void serialize(Archive& ar, embedding_state& v, unsigned) {
  ar& v.id;
  ar& v.model;
}

struct end_record {
  std::uint64_t records = 0; ///< before this one
};
template <class Archive>
void serialize(Archive& ar, end_record& v, unsigned) {
  ar& v.records;
}

} // namespace troupe::storage
