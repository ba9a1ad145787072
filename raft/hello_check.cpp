#include "raft/formation.hpp"

#include "base/entry_archive.hpp"
#include "raft/formation_sentences.hpp"

#include <algorithm>
#include <utility>

namespace troupe::raft {

namespace {

hello_check refuse(hello_verdict verdict, std::string why, const membership& known) {
  return {verdict, why, formation_refused{verdict, why, known}};
}

std::vector<std::string> sorted_addresses(const membership& known) {
  std::vector<std::string> out;
  for (auto& m : known.members)
    out.push_back(m.peer_address);
  std::sort(out.begin(), out.end());
  return out;
}

} // namespace

hello_check check_hello(const membership& known, const hello& greeting) {
  auto& them = greeting.self;
  auto& accepted = greeting.record.accepted;
  if (accepted && accepted->cluster != known.cluster)
    return refuse(hello_verdict::foreign_cluster, sentence::another_cluster(them.peer_address, *accepted),
                  known);
  auto* m = known.find(them.id);
  if (m && m->storage == them.storage) {
    if (greeting.record.formed) return {};
    if (auto ours = sorted_addresses(known); ours != greeting.addresses)
      return refuse(hello_verdict::stale_list, sentence::lists_differ(*m, ours, them.peer_address, greeting),
                    known);
    return {hello_verdict::accept, {}, formed_membership{known}};
  }
  auto at_same_address = [&](auto& other) { return other.peer_address == them.peer_address; };
  if (m || std::any_of(known.members.begin(), known.members.end(), at_same_address))
    return refuse(hello_verdict::replaced_storage, sentence::replaced(them, known, false), known);
  return refuse(hello_verdict::not_a_member,
                them.id.name + " at " + them.peer_address + " is no member of cluster " +
                    known.cluster.to_string(),
                known);
}

entry first_entry(const membership& formed) {
  entry e;
  e.term = term_t{1};
  e.index = index_t{1};
  e.kind = entry_kind::membership;
  e.payload = blob{encode(formed)};
  return e;
}

hard_state first_hard_state() {
  return {term_t{1}, {}};
}

std::string_view to_string(hello_verdict verdict) {
  switch (verdict) {
  case hello_verdict::accept: return "accept";
  case hello_verdict::foreign_cluster: return "foreign cluster";
  case hello_verdict::replaced_storage: return "replaced storage";
  case hello_verdict::not_a_member: return "not a member";
  case hello_verdict::stale_list: return "stale list";
  }
  return "unknown verdict";
}

} // namespace troupe::raft
