#pragma once

// The actor around the key space: applies, reads, hands out pins. Everything it knows, it knows from the log.

#include "actors/answer_collector.hpp"
#include "actors/waiting_reads.hpp"
#include "messages/storage.hpp"
#include "storage/state_machine.hpp"

#include <caf/all.hpp>

#include <map>
#include <memory>
#include <optional>

namespace troupe {

struct storage_options {
  incarnation_t incarnation;            ///< whose proposals are answered here
  std::int64_t pin_lease_ms = 60'000;   ///< a pin that nobody pulls from for this long is given up
  std::size_t compaction_work = 20'000; ///< versions looked at in one tick
};

struct storage_state {
  static inline const char* name = "storage";

  struct held_pin {
    storage::pin pin;
    std::int64_t lease_end_ms;
  };

  struct waiting_changes {
    caf::typed_response_promise<storage::change_batch> promise;
    changes_request what;
  };
  struct waiting_pending {
    caf::typed_response_promise<pending_values> promise;
    pending_request what;
  };

  storage_options options;
  std::shared_ptr<storage::state_machine> machine;
  waiting_reads waiting;
  answer_collector answers;
  std::map<std::uint64_t, held_pin> pins; ///< at most storage::pins_max
  std::optional<waiting_changes> changes; ///< of the indexer
  std::optional<waiting_pending> pending; ///< of the embedder
  std::uint64_t last_pin = 0;
  std::int64_t now_ms = 0; ///< of the last tick
};

/// What raft and status reports are told of a state.
storage_facts facts_of(const storage::state_machine& m);

storage_actor::behavior_type storage_keeper(storage_actor::stateful_pointer<storage_state> self,
                                            std::shared_ptr<storage::state_machine> machine,
                                            storage_options options);

} // namespace troupe
