#pragma once

// How the messages of the consensus core are encoded between nodes: their members in order
// (base/archive.hpp).

#include "base/entry_archive.hpp"
#include "raft/message.hpp"

namespace troupe::raft {

constexpr bool is_valid(install_status status) {
  return status <= install_status::rejected;
}

template <class Archive>
void serialize(Archive& ar, pre_vote_request& v, unsigned) {
  ar& v.term;
  ar& v.last_index;
  ar& v.last_term;
}
template <class Archive>
void serialize(Archive& ar, pre_vote_response& v, unsigned) {
  ar& v.term;
  ar& v.granted;
}
template <class Archive>
void serialize(Archive& ar, vote_request& v, unsigned) {
  ar& v.term;
  ar& v.last_index;
  ar& v.last_term;
  ar& v.handed_over;
}
template <class Archive>
void serialize(Archive& ar, vote_response& v, unsigned) {
  ar& v.term;
  ar& v.granted;
}
template <class Archive>
void serialize(Archive& ar, append_request& v, unsigned) {
  ar& v.term;
  ar& v.previous_index;
  ar& v.previous_term;
  ar& v.commit;
  ar& v.read_round;
  ar& v.acknowledge;
  ar& v.entries;
  ar& v.hold;
}
template <class Archive>
void serialize(Archive& ar, append_response& v, unsigned) {
  ar& v.term;
  ar& v.accepted;
  ar& v.index;
  ar& v.hint_index;
  ar& v.hint_term;
  ar& v.read_round;
}
template <class Archive>
void serialize(Archive& ar, install_snapshot& v, unsigned) {
  ar& v.term;
  ar& v.meta;
  ar& v.total_size;
  ar& v.offset;
  ar& v.chunk;
  ar& v.done;
}
template <class Archive>
void serialize(Archive& ar, install_snapshot_response& v, unsigned) {
  ar& v.term;
  ar& v.index;
  ar& v.next_offset;
  ar& v.status;
}
template <class Archive>
void serialize(Archive& ar, read_index_request& v, unsigned) {
  ar& v.term;
  ar& v.number;
}
template <class Archive>
void serialize(Archive& ar, read_index_response& v, unsigned) {
  ar& v.term;
  ar& v.number;
  ar& v.granted;
  ar& v.index;
}
template <class Archive>
void serialize(Archive& ar, timeout_now& v, unsigned) {
  ar& v.term;
}

} // namespace troupe::raft
