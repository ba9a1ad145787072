#pragma once

// What the formation field of node.id holds.

#include "base/archive.hpp"
#include "base/result.hpp"
#include "raft/formation_archive.hpp"

namespace troupe {

struct folder_record {
  raft::formation_record formation;
  bool log_started = false; ///< the first entry is in the log: a folder without log has lost it
  /// This node was added to a cluster: where the membership stands that it was added with. None: it was there
  /// when the cluster formed.
  std::optional<raft::log_position> joined_at = {};

  friend bool operator==(const folder_record&, const folder_record&) = default;
};

template <class Archive>
void serialize(Archive& ar, folder_record& v, unsigned) {
  ar& v.formation;
  ar& v.log_started;
  // Left out when there is none, as before nodes could be added.
  if constexpr (Archive::is_loading::value) {
    if (ar.remaining() > 0) ar& v.joined_at.emplace();
  } else if (v.joined_at) {
    ar&* v.joined_at;
  }
}

} // namespace troupe
