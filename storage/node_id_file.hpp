#pragma once

// `node.id`: who this data folder is. Small, checksummed, replaced as a whole. Described in docs/formats.md.

#include "base/file.hpp"
#include "base/ids.hpp"
#include "base/result.hpp"

#include <optional>
#include <string>

namespace troupe::storage {

struct node_identity {
  static constexpr std::size_t formation_bytes_max = 64u << 10;

  storage_id storage;    ///< chosen at random when the folder was made
  node_id node;          ///< the member this folder belongs to
  std::string formation; ///< what the cluster was formed with, encoded by the caller; empty: not formed yet.
                         ///<

  friend bool operator==(const node_identity&, const node_identity&) = default;
};

/// Nothing when the file is not there. errc::corrupt, naming the file, when it is damaged; errc::foreign when
/// it was written by a newer version.
result<std::optional<node_identity>> read_node_identity(file_system& fs, const std::string& data_folder);

/// Replaces the file: written aside, synced, renamed, folder synced. After an error the old or the new one is
/// there. errc::invalid_argument when `formation` is too long.
result<void> write_node_identity(file_system& fs, const std::string& data_folder,
                                 const node_identity& identity);

} // namespace troupe::storage
