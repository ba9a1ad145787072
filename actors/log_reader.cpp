#include "actors/log_reader.hpp"

#include "messages/raft.hpp"

namespace troupe {

log_reader_actor::behavior_type log_reader(log_reader_actor::stateful_pointer<log_reader_state> self,
                                           std::shared_ptr<storage::log_reader> reader,
                                           supervisor_actor supervisor) {
  return {
      [=](const raft::load_request& r) {
        auto entries = reader->read(r.lo, r.hi, r.bytes_max);
        auto raft = caf::actor_cast<raft_actor>(self->current_sender());
        if (entries)
          self->send(raft, entries_loaded{r, true, std::move(*entries)});
        else if (entries.error().code == errc::compacted || entries.error().code == errc::not_yet)
          // Not there yet, after it was asked for, means truncated meanwhile: what asked is outdated, and
          // says so itself.
          self->send(raft, entries_loaded{r, false, {}});
        else
          self->send(supervisor,
                     fatal_failure{exit_code::storage, "reading the log: " + entries.error().detail});
      },
  };
}

} // namespace troupe
