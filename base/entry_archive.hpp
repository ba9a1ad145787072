#pragma once

// How the values of base/entry.hpp are encoded, in the log, in snapshots and between nodes.

#include "base/archive.hpp"
#include "base/entry.hpp"

namespace troupe {

constexpr bool is_valid(entry_kind kind) {
  return kind == entry_kind::noop || kind == entry_kind::command || kind == entry_kind::membership;
}

template <class Archive>
void serialize(Archive& ar, origin& v, unsigned) {
  ar& v.incarnation;
  ar& v.number;
}
template <class Archive>
void serialize(Archive& ar, entry& v, unsigned) {
  ar& v.term;
  ar& v.index;
  ar& v.kind;
  ar& v.leader_time_ms;
  ar& v.from;
  ar& v.payload;
}
template <class Archive>
void serialize(Archive& ar, hard_state& v, unsigned) {
  ar& v.term;
  ar& v.vote;
}
template <class Archive>
void serialize(Archive& ar, member& v, unsigned) {
  ar& v.id;
  ar& v.storage;
  ar& v.peer_address;
  ar& v.http_address;
  ar& v.voter;
}
template <class Archive>
void serialize(Archive& ar, membership& v, unsigned) {
  ar& v.cluster;
  ar& v.members;
}
template <class Archive>
void serialize(Archive& ar, snapshot_meta& v, unsigned) {
  ar& v.index;
  ar& v.term;
  ar& v.members;
}

} // namespace troupe
