#pragma once

// The actor that reads old log entries from disk for lagging followers and for catching up after a start.
// Spawned detached.

#include "messages/log_reader.hpp"
#include "messages/supervisor.hpp"
#include "storage/log_reader.hpp"

#include <caf/all.hpp>

#include <memory>

namespace troupe {

struct log_reader_state {
  static inline const char* name = "log_reader";
};

log_reader_actor::behavior_type log_reader(log_reader_actor::stateful_pointer<log_reader_state> self,
                                           std::shared_ptr<storage::log_reader> reader,
                                           supervisor_actor supervisor);

} // namespace troupe
