#include "base/entry_archive.hpp"
#include "command/archive.hpp"
#include "messages/peer.hpp"
#include "raft/message_archive.hpp"

namespace troupe {

namespace raft {

constexpr bool is_valid(refusal r) {
  return r == refusal::none || r == refusal::not_leader || r == refusal::overloaded ||
         r == refusal::handing_over;
}
template <class Archive>
void serialize(Archive& ar, proposal& v, unsigned) {
  ar& v.kind;
  ar& v.from;
  ar& v.payload;
}

} // namespace raft

constexpr bool is_valid(shortage v) {
  return v <= shortage::memory;
}

template <class Archive>
void serialize(Archive& ar, forward_proposals& v, unsigned) {
  ar& v.term;
  ar& v.proposals;
}
template <class Archive>
void serialize(Archive& ar, forward_refusal& v, unsigned) {
  ar& v.asker;
  ar& v.numbers;
  ar& v.why;
  ar& v.of;
}
template <class Archive>
void serialize(Archive& ar, peer_condition& v, unsigned) {
  ar& v.disk_full;
}

template <class Archive>
void serialize(Archive& ar, forward_handover& v, unsigned) {
  ar& v.term;
  ar& v.to;
}

template <class Archive>
void serialize(Archive& ar, forward_member& v, unsigned) {
  ar& v.asker;
  ar& v.number;
  ar& v.timeout_ms;
  ar& v.wish;
}
template <class Archive>
void serialize(Archive& ar, member_answer& v, unsigned) {
  ar& v.asker;
  ar& v.number;
  ar& v.outcome;
}

std::string encode_peer_messages(const std::vector<peer_message>& batch) {
  return encode(batch);
}

result<std::vector<peer_message>> decode_peer_messages(std::string_view bytes) {
  return decode<std::vector<peer_message>>(bytes, "peer messages");
}

} // namespace troupe
