#include "tests/fuzzing/snapshot_check.hpp"

#include "command/codec.hpp"
#include "storage/snapshot_loader.hpp"
#include "storage/state_machine.hpp"
#include "tests/fuzzing/target.hpp"

namespace troupe::fuzzing {

namespace {

using storage::state_machine;

void check_copy(state_machine& machine) {
  auto pin = machine.try_pin(0);
  require(pin.has_value(), "a state without pins can be pinned");
  storage::snapshot_loader loader{pin->meta()};
  while (!pin->done())
    require_success(loader.add(pin->next_chunk(64)), "a chunk of a pin can be loaded");
  auto copy = loader.finish();
  require_success(copy, "a pin has all of the state");
  require(copy->digest() == machine.digest(), "a snapshot is the state");
}

void apply_next(state_machine& machine, const command& what, std::int64_t later_ms) {
  if (machine.leader_time_ms() > INT64_MAX - later_ms) later_ms = 0;
  entry e;
  e.index = machine.applied() + 1;
  e.term = machine.applied_term();
  e.kind = entry_kind::command;
  e.leader_time_ms = machine.leader_time_ms() + later_ms;
  e.payload = encode_command(what);
  machine.apply(e);
}

} // namespace

void check_loaded(state_machine& machine) {
  check_copy(machine);
  range_query everything;
  everything.limit = 1'000;
  everything.bytes_max = 1u << 20;
  auto found = machine.run(everything);
  require(found.code == query_outcome::ok, "the present can be read");
  everything.at = machine.compacted();
  require(machine.run(everything).code == query_outcome::ok, "the oldest kept revision can be read");
  machine.pending_after({}, {}, 1'000);
  // The largest index cannot be followed; a log never gets there.
  if (machine.applied().value > UINT64_MAX - 100 || machine.revision().value > UINT64_MAX - 100) return;
  transaction changes;
  for (std::size_t i = 0; i < found.items.size() && i < 8; ++i) {
    auto& key = found.items[i].key;
    if (i % 2 == 0)
      changes.success.push_back(put_operation{key, blob{"new"}, media_type::text});
    else
      changes.success.push_back(delete_operation{key});
  }
  apply_next(machine, {{}, {}, changes}, 1);
  apply_next(machine, {{}, idempotency_stamp{"k", 1, 2}, open_session{}}, 1'000'000'000);
  apply_next(machine, {{}, {}, compact_history{machine.revision()}}, 0);
  while (machine.compact_some(16)) {
  }
  check_copy(machine);
}

} // namespace troupe::fuzzing
