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

/// A node whose folder knows no cluster.
hello_check check_empty(const known_members& known, const hello& greeting) {
  auto& them = greeting.self;
  // Only what is committed is told: the node begins to take part with that, and nothing undoes it.
  if (find_storage(known.committed, them))
    return {hello_verdict::accept, {}, formed_membership{known.committed, known.committed_at}};
  if (greeting.joining)
    return refuse(hello_verdict::waiting, sentence::waiting(them, known.newest), known.newest);
  auto clashes = [&](auto& m) { return m.id == them.id || m.peer_address == them.peer_address; };
  auto& members = known.newest.members;
  if (std::any_of(members.begin(), members.end(), clashes))
    return refuse(hello_verdict::replaced_storage, sentence::replaced(them, known.newest, false),
                  known.newest);
  return refuse(hello_verdict::not_a_member,
                them.id.name + " at " + them.peer_address + " is no member of cluster " +
                    known.newest.cluster.to_string() + "; to be added, it starts with --join",
                known.newest);
}

} // namespace

const member* find_storage(const membership& members, const member& who) {
  auto* m = members.find(who.id);
  return m && m->storage == who.storage ? m : nullptr;
}

hello_check check_hello(const known_members& known, const hello& greeting) {
  auto& them = greeting.self;
  auto& accepted = greeting.record.accepted;
  if (!accepted) return check_empty(known, greeting);
  if (accepted->cluster != known.committed.cluster)
    return refuse(hello_verdict::foreign_cluster, sentence::another_cluster(them.peer_address, *accepted),
                  known.newest);
  // A cluster id stands for one membership that can form, and this node knows that it has.
  if (!greeting.record.formed) return {hello_verdict::accept, {}, formed_membership{*accepted, {}}};
  if (find_storage(known.newest, them) || find_storage(known.committed, them)) return {};
  // Either this node lags and does not know the other one yet, or that one lags and was removed.
  if (greeting.listed_at.index && greeting.listed_at <= known.committed_at)
    return refuse(hello_verdict::removed, sentence::removed(them, known.committed), known.committed);
  return {};
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
  case hello_verdict::removed: return "removed";
  case hello_verdict::waiting: return "waiting";
  }
  return "unknown verdict";
}

} // namespace troupe::raft
