// Entries that every node applies, whatever their payload: the state machine goes on, and a snapshot of it is
// the same state. An entry: kind and origin (u8), milliseconds since the one before (u8), payload (a
// stretch).

#include "base/entry_archive.hpp"
#include "storage/snapshot_loader.hpp"
#include "storage/state_machine.hpp"
#include "tests/fuzzing/pieces.hpp"
#include "tests/fuzzing/target.hpp"

namespace troupe::fuzzing {

namespace {

using storage::state_machine;

entry next_entry(const state_machine& machine, pieces& in, std::int64_t time_ms) {
  auto how = in.byte();
  entry e;
  e.term = term_t{1};
  e.index = machine.applied() + 1;
  e.kind = how % 8 == 7 ? entry_kind::membership : how % 8 == 6 ? entry_kind::noop : entry_kind::command;
  // Rarely: what is remembered of a process is the largest part of a snapshot here.
  if (how >= 0xe0) e.from = {incarnation_t{1}, std::uint64_t{1} + (how & 8)};
  // Some minutes at once: sessions and idempotency keys grow old.
  e.leader_time_ms = time_ms + std::int64_t{in.byte()} * (how & 16 ? 60'000 : 1);
  e.payload = blob{in.stretch()};
  return e;
}

void ask(const state_machine& machine) {
  range_query everything;
  everything.limit = 1'000;
  everything.bytes_max = 1u << 20;
  auto newest = machine.run(everything);
  require(newest.code == query_outcome::ok, "the present can be read");
  for (auto& item : newest.items)
    require(machine.run(get_query{item.key, {}}).items.size() == 1, "a key of the range can be read");
  everything.at = machine.compacted();
  everything.reverse = true;
  require(machine.run(everything).code == query_outcome::ok, "the oldest kept revision can be read");
  machine.pending_after({}, {}, 1'000);
  machine.changes_after({}, 1'000);
}

void run(std::string_view input) {
  pieces in{input};
  state_machine machine;
  std::int64_t time_ms = 1'700'000'000'000;
  for (int i = 0; i < 64 && !in.done(); ++i) {
    auto e = next_entry(machine, in, time_ms);
    time_ms = e.leader_time_ms;
    // A membership that cannot be read stops a node before it is applied; the log refuses it.
    if (e.kind == entry_kind::membership && !decode<membership>(e.payload.view(), "membership")) continue;
    machine.apply(e);
  }
  ask(machine);
  while (machine.compact_some(16)) {
  }
  ask(machine);
  auto pin = machine.try_pin(0);
  require(pin.has_value(), "a state without pins can be pinned");
  storage::snapshot_loader loader{pin->meta()};
  while (!pin->done())
    require_success(loader.add(pin->next_chunk(64)), "a chunk of a pin can be loaded");
  auto copy = loader.finish();
  require_success(copy, "a pin has all of the state");
  require(copy->digest() == machine.digest(), "a snapshot is the state");
}

} // namespace

constinit const target apply{"apply", run};

} // namespace troupe::fuzzing
