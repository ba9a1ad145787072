// troupe member: add, remove, promote, replace and list the members of a cluster.

#include "client/cli_commands.hpp"
#include "client/cli_json.hpp"
#include "client/cli_table.hpp"
#include "config/member.hpp"

#include <chrono>
#include <cstdio>
#include <optional>
#include <thread>

namespace troupe::client {

namespace {

using clock = std::chrono::steady_clock;

constexpr auto promote_again_after = std::chrono::milliseconds(200);
constexpr auto word_of_progress_after = std::chrono::seconds(5);

std::string sentence(const cli_options& o, const member_result& done, std::string_view what) {
  return o.node + " " + std::string(what) + (done.changed ? "" : " already") + ": " +
         std::to_string(done.voters) + (done.voters == 1 ? " voter, " : " voters, ") +
         std::to_string(done.learners) + (done.learners == 1 ? " learner\n" : " learners\n");
}

exit_code tell(const cli_options& o, const member_result& done, std::string_view what) {
  return show(o.json_output ? member_json(node_id{o.node}, done) : sentence(o, done, what));
}

result<member_request> wish(const cli_options& o, member_action action) {
  auto id = node_of(o);
  if (!id) return id.error();
  if (o.peer.empty()) return member_request{action, *std::move(id), {}};
  auto peer = config::parse_peer_address(o.peer);
  if (!peer) return failure{failure_kind::invalid, "--peer: " + peer.error().detail};
  return member_request{action, *std::move(id), peer->to_string()};
}

/// The command that only has to be passed on.
exit_code change(const cli_options& o, member_action action, std::string_view what) {
  auto wanted = wish(o, action);
  if (!wanted) return say(o, wanted.error());
  client store{o.endpoints, o.client};
  auto done = store.change_members(*std::move(wanted));
  return done ? tell(o, *done, what) : say(o, done.error());
}

/// A learner may become a voter, and not the other way round.
std::optional<failure> votes_already(const cli_options& o) {
  auto status = status_of_leader(o);
  if (!status) return status.error();
  for (auto& m : status->members)
    if (m.id.name == o.node && m.voter)
      return failure{failure_kind::conflict,
                     o.node + " is a member and votes; to make a learner of it, remove it and "
                              "add it again with an empty folder"};
  return std::nullopt;
}

/// To promote once more does no harm, so only a request that is wrong ends the wait.
bool may_pass(const failure& why) {
  return why.kind != failure_kind::invalid;
}

/// Until the learner has caught up, or the time is over. What keeps a promotion from being made passes, and
/// so does a change of the leader that leaves its outcome open.
result<member_result> promote_when_ready(client& store, const cli_options& o) {
  const auto end = clock::now() + std::chrono::milliseconds(o.wait_ms);
  auto word_at = clock::now() + word_of_progress_after;
  bool unknown = false; // of any attempt: it may yet come into effect
  while (true) {
    auto done = store.change_members({member_action::promote, node_id{o.node}, {}});
    if (done || !may_pass(done.error())) return done;
    auto why = done.error();
    unknown = unknown || why.kind == failure_kind::outcome_unknown;
    if (clock::now() >= end) {
      // That it was added is a change, so "unavailable" would say too little.
      return failure{
          unknown ? failure_kind::outcome_unknown : failure_kind::conflict,
          o.node +
              (unknown ? " is a member and may or may not vote yet" : " is a learner and does not vote yet") +
              "; go on with troupe member promote " + o.node + " (" + why.detail + ")"};
    }
    if (clock::now() >= word_at) {
      std::fprintf(stderr, "troupe: waiting: %s\n", why.detail.c_str());
      word_at = clock::now() + word_of_progress_after;
    }
    std::this_thread::sleep_for(promote_again_after);
  }
}

exit_code add_and_promote(const cli_options& o, member_action action, std::string_view what) {
  auto wanted = wish(o, action);
  if (!wanted) return say(o, wanted.error());
  if (o.as_learner && action == member_action::add)
    if (auto why = votes_already(o)) return say(o, *why);
  client store{o.endpoints, o.client};
  auto added = store.change_members(*std::move(wanted));
  if (!added) return say(o, added.error());
  if (o.as_learner) return tell(o, *added, std::string(what) + " as a learner");
  auto done = promote_when_ready(store, o);
  if (!done) return say(o, done.error());
  done->changed = done->changed || added->changed;
  return tell(o, *done, what);
}

} // namespace

exit_code run_member_add(const cli_options& o) {
  return add_and_promote(o, member_action::add, "is a member");
}

exit_code run_member_replace(const cli_options& o) {
  return add_and_promote(o, member_action::replace, "was replaced");
}

exit_code run_member_promote(const cli_options& o) {
  return change(o, member_action::promote, "votes");
}

exit_code run_member_remove(const cli_options& o) {
  return change(o, member_action::remove, "is no member");
}

exit_code run_member_list(const cli_options& o) {
  auto status = status_of_leader(o);
  if (!status) return say(o, status.error());
  return show(o.json_output ? status_json(*status) : member_table(*status));
}

} // namespace troupe::client
