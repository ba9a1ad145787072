// troupe member: add, remove, promote, replace and list the members of a cluster.

#include "client/cli_commands.hpp"
#include "client/cli_json.hpp"
#include "client/cli_table.hpp"

#include <chrono>
#include <cstdio>
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

member_request wish(const cli_options& o, member_action action) {
  return {action, node_id{o.node}, o.peer};
}

/// Until the learner has caught up, or the time is over. What keeps a promotion from being made passes.
result<member_result> promote_when_ready(client& store, const cli_options& o) {
  const auto end = clock::now() + std::chrono::milliseconds(o.wait_ms);
  auto word_at = clock::now() + word_of_progress_after;
  while (true) {
    auto done = store.change_members({member_action::promote, node_id{o.node}, {}});
    if (done || done.error().kind != failure_kind::conflict) return done;
    if (clock::now() >= end)
      return failure{failure_kind::conflict,
                     o.node + " is a learner and does not vote yet; go on with troupe member promote " +
                         o.node + " (" + done.error().detail + ")"};
    if (clock::now() >= word_at) {
      std::fprintf(stderr, "troupe: waiting: %s\n", done.error().detail.c_str());
      word_at = clock::now() + word_of_progress_after;
    }
    std::this_thread::sleep_for(promote_again_after);
  }
}

exit_code add_and_promote(const cli_options& o, member_action action, std::string_view what) {
  client store{o.endpoints, o.client};
  auto added = store.change_members(wish(o, action));
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
  client store{o.endpoints, o.client};
  auto done = store.change_members(wish(o, member_action::promote));
  return done ? tell(o, *done, "votes") : say(o, done.error());
}

exit_code run_member_remove(const cli_options& o) {
  client store{o.endpoints, o.client};
  auto done = store.change_members(wish(o, member_action::remove));
  return done ? tell(o, *done, "is no member") : say(o, done.error());
}

exit_code run_member_list(const cli_options& o) {
  auto status = status_of_leader(o);
  if (!status) return say(o, status.error());
  return show(o.json_output ? status_json(*status) : member_table(*status));
}

} // namespace troupe::client
