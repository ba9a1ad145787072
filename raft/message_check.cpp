#include "raft/message_check.hpp"

#include "base/entry_archive.hpp"

#include <algorithm>

namespace troupe::raft {

namespace {

bool carries_membership(const entry& e) {
  auto members = decode<membership>(e.payload.view(), "membership");
  return members && is_well_formed(*members);
}

struct checker {
  template <class Message>
  bool operator()(const Message&) const {
    return true;
  }
  /// Contiguous, of terms that do not fall and are not above the leader's.
  bool operator()(const append_request& m) const {
    if (!m.term || m.previous_index.value > number_max) return false;
    auto index = m.previous_index;
    auto term = m.previous_term;
    for (auto& e : m.entries) {
      if (e.index != ++index || !e.term || e.term < term || e.term > m.term) return false;
      if (e.kind == entry_kind::membership && !carries_membership(e)) return false;
      term = e.term;
    }
    return true;
  }
  bool operator()(const install_snapshot& m) const {
    return m.meta.index && m.meta.index.value <= number_max && m.meta.term && m.meta.term <= m.term &&
           is_well_formed(m.meta.members);
  }
};

} // namespace

bool is_well_formed(const membership& members) {
  auto& all = members.members;
  auto not_ascending = [](const member& a, const member& b) { return a.id >= b.id; };
  return std::any_of(all.begin(), all.end(), [](const member& m) { return m.voter; }) && all.front().id &&
         std::adjacent_find(all.begin(), all.end(), not_ascending) == all.end();
}

bool is_well_formed(const message& m) {
  auto term = std::visit([](auto& body) { return body.term; }, m);
  return term.value <= number_max && std::visit(checker{}, m);
}

} // namespace troupe::raft
