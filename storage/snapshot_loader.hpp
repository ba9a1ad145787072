#pragma once

// Builds a state machine from the chunks of a pin.

#include "base/result.hpp"
#include "storage/state_machine.hpp"

#include <memory>
#include <string_view>

namespace troupe::storage {

/// Feed it every chunk of one pin in order, then finish(). Work per chunk is proportional to the chunk, so an
/// actor may take one chunk a turn. After an error, throw it away. Not thread-safe.
class snapshot_loader {
public:
  explicit snapshot_loader(const snapshot_meta& meta);
  snapshot_loader(snapshot_loader&&) noexcept;
  snapshot_loader& operator=(snapshot_loader&&) noexcept;
  ~snapshot_loader();

  /// errc::corrupt when the bytes are no chunk or contradict what came before. Bounded by the chunk, whatever
  /// it says.
  result<void> add(std::string_view chunk);
  /// errc::corrupt when chunks are missing or the meta is another snapshot's.
  result<state_machine> finish();

private:
  struct impl;
  std::unique_ptr<impl> impl_;
};

} // namespace troupe::storage
