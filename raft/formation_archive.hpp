#pragma once

// How the messages and the record of formation.hpp are encoded: their members in order (base/archive.hpp).

#include "base/entry_archive.hpp"
#include "raft/formation.hpp"

namespace troupe::raft {

constexpr bool is_valid(hello_verdict verdict) {
  return verdict <= hello_verdict::stale_list;
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
}
template <class Archive>
void serialize(Archive& ar, formation_refused& v, unsigned) {
  ar& v.reason;
  ar& v.sentence;
  ar& v.members;
}

} // namespace troupe::raft
