// The chunks of a snapshot without the file around them: what a state machine is loaded from. One stretch a
// chunk.

#include "storage/snapshot_loader.hpp"
#include "storage/snapshot_records.hpp"
#include "tests/fuzzing/pieces.hpp"
#include "tests/fuzzing/snapshot_check.hpp"
#include "tests/fuzzing/target.hpp"

namespace troupe::fuzzing {

namespace {

/// As the first record says; the file's head says the same.
snapshot_meta meta_of(std::string_view first_chunk) {
  storage::state_record state;
  if (first_chunk.empty()) return {};
  try {
    input_archive in{first_chunk.substr(1)};
    in >> state;
  } catch (const archive_error&) {
    return {};
  }
  return state.meta;
}

void run(std::string_view input) {
  pieces in{input};
  auto chunk = in.stretch();
  storage::snapshot_loader loader{meta_of(chunk)};
  {
    memory_bound bound{input.size()};
    for (;; chunk = in.stretch()) {
      if (!loader.add(chunk)) return;
      if (in.done()) break;
    }
  }
  if (auto state = loader.finish()) check_loaded(*state);
}

} // namespace

constinit const target snapshot_chunks{"snapshot_chunks", run};

} // namespace troupe::fuzzing
