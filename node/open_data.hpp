#pragma once

// From a data folder to the state in which the actors begin: identity, key space, log. Runs before any actor
// does.

#include "actors/folder_record.hpp"
#include "base/file.hpp"
#include "messages/supervisor.hpp"
#include "raft/recovered.hpp"
#include "storage/data_folder.hpp"
#include "storage/node_id_file.hpp"
#include "storage/snapshot_file.hpp"
#include "storage/state_machine.hpp"
#include "storage/wal.hpp"

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace troupe {

struct open_data_options {
  std::string folder;
  node_id self;
  storage_id fresh_storage; ///< random; used when the folder is new
  std::uint64_t segment_bytes = 64u << 20;
  std::size_t tail_bytes = 64u << 20;
  std::uint64_t reserve_bytes = 0; ///< of the disk, held back by the log (storage/wal.hpp)
};

struct opened_data {
  storage::data_folder folder;
  storage::node_identity identity;
  folder_record record;
  std::unique_ptr<storage::wal> log;
  std::shared_ptr<storage::state_machine> state;
  std::optional<storage::snapshot_info> newest_snapshot;
  std::optional<raft::recovered> recovered; ///< none: the log has not begun
  term_t last_term;
  std::string notes;                   ///< what recovery cut or repaired, for the log; empty: nothing
  std::vector<std::string> recoveries; ///< how `troupe recover` made this folder; empty: it did not
};

/// In a folder that `troupe recover` has not finished (node/recover.hpp).
inline constexpr std::string_view recovery_unfinished = "recovery.unfinished";

/// Why a node does not start.
struct cannot_start {
  exit_code code;
  std::string why;
};

std::variant<opened_data, cannot_start> open_data(file_system& files, const open_data_options& options);

} // namespace troupe
