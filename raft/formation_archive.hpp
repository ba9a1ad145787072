#pragma once

// How the messages and the record of formation.hpp are encoded: their members in order (base/archive.hpp).

#include "base/entry_archive.hpp"
#include "raft/formation.hpp"

namespace troupe::raft {

constexpr bool is_valid(hello_verdict verdict) {
  return verdict <= hello_verdict::waiting;
}

template <class Archive>
void serialize(Archive& ar, log_position& v, unsigned) {
  ar& v.term;
  ar& v.index;
}
template <class Archive>
void serialize(Archive& ar, formation_record& v, unsigned) {
  ar& v.accepted;
  ar& v.formed;
}
template <class Archive>
void serialize(Archive& ar, hello& v, unsigned) {
  ar& v.self;
  ar& v.addresses;
  ar& v.record;
  ar& v.joining;
  ar& v.listed_at;
}
template <class Archive>
void serialize(Archive& ar, propose_membership& v, unsigned) {
  ar& v.proposed;
}
template <class Archive>
void serialize(Archive& ar, accepted_membership& v, unsigned) {
  ar& v.accepted;
}
template <class Archive>
void serialize(Archive& ar, formed_membership& v, unsigned) {
  ar& v.formed;
  ar& v.at;
}
template <class Archive>
void serialize(Archive& ar, formation_refused& v, unsigned) {
  ar& v.reason;
  ar& v.sentence;
  ar& v.members;
}

} // namespace troupe::raft
