#include "actors/raft.hpp"

#include "actors/raft_driver.hpp"

namespace troupe {

raft_actor::behavior_type raft_node(raft_actor::stateful_pointer<raft_state> self, raft_options options,
                                    raft_peers peers, raft_start start) {
  auto driver = std::make_shared<raft_driver>(self, std::move(options), std::move(peers), std::move(start));
  self->state.driver = driver;
  auto* d = driver.get();
  return {
      [=](request_batch& batch, const answer_sink_actor& sink) { d->take_requests(batch, sink); },
      [=](const search_parts& parts) { d->on_search_parts(parts); },
      [=](const give_way& g) { d->before_stop(g); },
      [=](const search_report& r) { d->on_search_report(r); },
      [=](const cluster_formed& f) { d->formed(f); },
      [=](const peer_state& p) { d->on_peer_state(p); },
      [=](const joiner_state& j) { d->on_joiner_state(j); },
      [=](peer_input& in) { d->on_peer_input(in); },
      [=](const persisted_notice& p) { d->on_persisted(p); },
      [=](const log_reset_done& r) { d->on_log_reset(r); },
      [=](const log_condition& c) { d->on_log_condition(c); },
      [=](entries_loaded& l) {
        if (l.found)
          d->core().loaded(l.request, std::move(l.entries));
        else
          d->core().load_failed(l.request);
        d->want_pump();
      },
      [=](applied_notice& notice) { d->on_applied(notice); },
      [=](const snapshot_report& r) { d->on_snapshot_report(r); },
      [=](snapshot_piece& p) {
        // Without a snapshot there is nothing to say: the core asks again.
        if (p.ok) d->core().snapshot_chunk(p.request, p.meta, p.total_size, std::move(p.bytes), p.done);
        d->want_pump();
      },
      [=](const chunk_stored& c) {
        if (c.ok)
          d->core().chunk_stored(c.meta, c.end);
        else
          d->core().snapshot_rejected(c.meta);
        d->want_pump();
      },
      [=](const snapshot_received& r) { d->on_snapshot_received(r); },
      [=](pump_core) { d->pump(); },
      [=](const tick& t) { d->on_tick(t); },
  };
}

} // namespace troupe
