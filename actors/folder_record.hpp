#pragma once

// What the formation field of node.id holds.

#include "base/archive.hpp"
#include "base/result.hpp"
#include "raft/formation_archive.hpp"

namespace troupe {

struct folder_record {
  raft::formation_record formation;
  bool log_started = false; ///< the first entry is in the log: a folder without log has lost it

  friend bool operator==(const folder_record&, const folder_record&) = default;
};

template <class Archive>
void serialize(Archive& ar, folder_record& v, unsigned) {
  ar& v.formation;
  ar& v.log_started;
}

} // namespace troupe
