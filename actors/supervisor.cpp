#include "actors/supervisor.hpp"

#include <spdlog/spdlog.h>

#include <chrono>
#include <utility>

namespace troupe {

namespace {

using self_pointer = supervisor_actor::stateful_pointer<supervisor_state>;

void start_child(self_pointer self, std::size_t i) {
  auto& s = self->state;
  auto& child = s.children[i];
  child.handle = s.options.children[i].start(supervisor_actor{self});
  self->monitor(child.handle);
}

/// Ends the last child that still runs and waits for its down message; one after the other, in reverse order
/// of the start.
void stop_next(self_pointer self) {
  auto& s = self->state;
  while (s.stopping_at > 0 && !s.children[s.stopping_at - 1].handle)
    --s.stopping_at;
  if (s.stopping_at == 0) {
    s.options.ended(s.code, s.why);
    // The children's start functions hold handles, this one's among them.
    s.options = {};
    self->quit();
    return;
  }
  auto position = s.stopping_at - 1;
  auto handle = s.children[position].handle;
  self->send_exit(handle, caf::exit_reason::user_shutdown);
  self->delayed_send(self, std::chrono::milliseconds(s.options.child_end_ms), kill_child{position});
}

void stop(self_pointer self, exit_code code, const std::string& why) {
  auto& s = self->state;
  if (s.stopping) {
    // The first reason is the one that counts; a later failure of the disk must not look like a clean stop.
    if (s.code == exit_code::clean && code != exit_code::clean) s.code = code, s.why = why;
    return;
  }
  s.stopping = true;
  s.code = code;
  s.why = why;
  s.stopping_at = s.children.size();
  stop_next(self);
}

std::size_t position_of(const supervisor_state& s, const caf::actor_addr& who) {
  for (std::size_t i = 0; i < s.children.size(); ++i)
    if (s.children[i].handle && s.children[i].handle.address() == who) return i;
  return s.children.size();
}

void on_down(self_pointer self, const caf::down_msg& down) {
  auto& s = self->state;
  auto i = position_of(s, down.source);
  if (i == s.children.size()) return;
  auto& child = s.children[i];
  child.handle = nullptr;
  if (s.stopping) {
    if (i + 1 == s.stopping_at) stop_next(self);
    return;
  }
  auto& spec = s.options.children[i];
  auto reason = self->system().render(down.reason);
  if (child.restarts >= spec.restarts_max) {
    spdlog::error("supervisor: {} ended ({}), stopping the node", spec.name, reason);
    return stop(self, exit_code::internal, spec.name + " ended: " + reason);
  }
  ++child.restarts;
  spdlog::error("supervisor: {} ended ({}), starting it again ({} of {})", spec.name, reason, child.restarts,
                spec.restarts_max);
  start_child(self, i);
  if (spec.restarted) spec.restarted();
}

} // namespace

supervisor_actor::behavior_type supervisor(self_pointer self, supervisor_options options) {
  auto& s = self->state;
  s.options = std::move(options);
  s.children.resize(s.options.children.size());
  self->set_down_handler([=](caf::down_msg& down) { on_down(self, down); });
  for (std::size_t i = 0; i < s.children.size(); ++i)
    start_child(self, i);
  return {
      [=](const fatal_failure& f) {
        spdlog::error("stopping: {}", f.why);
        stop(self, f.code, f.why);
      },
      [=](stop_node) {
        spdlog::info("stopping: asked to");
        auto& s = self->state;
        auto give_way = std::exchange(s.options.give_way, nullptr);
        if (s.stopping || !give_way) return stop(self, exit_code::clean, "");
        give_way(supervisor_actor{self});
        self->delayed_send(self, std::chrono::milliseconds(s.options.give_way_ms), gave_way{});
      },
      [=](gave_way) { stop(self, exit_code::clean, ""); },
      [=](kill_child k) {
        auto& s = self->state;
        if (!s.stopping || k.position + 1 != s.stopping_at || !s.children[k.position].handle) return;
        spdlog::warn("supervisor: {} did not end in time", s.options.children[k.position].name);
        self->send_exit(s.children[k.position].handle, caf::exit_reason::kill);
        // A detached actor inside a blocking call cannot even be killed; main leaves without it.
        s.children[k.position].handle = nullptr;
        stop_next(self);
      },
  };
}

} // namespace troupe
