#pragma once

// A small state with something of everything in it, and its snapshot.

#include "base/fault_file.hpp"
#include "command/limits.hpp"
#include "storage/snapshot_file.hpp"
#include "tests/storage/state_driver.hpp"

namespace troupe::storage::testing {

inline driver rich_state() {
  driver d;
  membership members{cluster_id{1, 2}, {{node_id{"n1"}, storage_id{3, 4}, "h:1", "h:2", true}}};
  d.m.apply(d.next(entry_kind::membership, blob{encode(members)}));
  auto session = d.apply({{}, {}, open_session{}}).session;
  auto c = putting("stamped", "once");
  c.session = session_stamp{session, sequence_t{2}, sequence_t{1}};
  c.idempotency = idempotency_stamp{"idempotency-key", 5, 6};
  d.apply(c);
  for (int i = 0; i < 4; ++i)
    d.apply(putting("k" + std::to_string(i % 2), std::string(3, 'v')));
  d.apply(deleting("k1"));
  d.apply(putting("a key that is too long for its place in the map", "{}"));
  d.apply(compacting(4));
  return d;
}

/// The same with a model, of values that have vectors, failed and wait.
inline driver embedded_state() {
  driver d = rich_state();
  d.apply(setting(vector_maker::builtin, "m@1", 2));
  d.apply(putting("k0", "new"));
  d.apply(putting("k2", "waits"));
  d.annotate(embedded_as("k0", d.m.revision().value - 1, 0.5));
  d.annotate(noted_as("stamped", 1, annotation_outcome::failed));
  return d;
}

inline result<snapshot_info> write_snapshot(file_system& fs, const std::string& folder, state_machine& m,
                                            std::size_t bytes_max = 100) {
  auto p = m.try_pin(0);
  auto writer = snapshot_writer::begin(fs, folder, p->meta());
  if (!writer) return writer.error();
  while (!p->done())
    if (auto ok = writer->append(p->next_chunk(bytes_max)); !ok) return ok.error();
  return writer->finish();
}

inline const std::string folder = "/data/snapshots";

/// A disk with the folder, durable.
inline void prepare(fault_file_system& disk) {
  if (!disk.make_folder(folder) || !disk.sync_folder("/data") || !disk.sync_folder(folder)) std::abort();
}

} // namespace troupe::storage::testing
