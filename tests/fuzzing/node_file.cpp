// node.id as it stands on the disk, and the record of the formation in it.

#include "base/checksum.hpp"
#include "base/fault_file.hpp"
#include "raft/formation_archive.hpp"
#include "storage/node_id_file.hpp"
#include "tests/fuzzing/target.hpp"

#include <cstring>

namespace troupe::fuzzing {

namespace {

constexpr std::size_t version_at = 8;
constexpr std::size_t checksum_at = 12;
constexpr std::size_t body_at = 16;

void run(std::string_view input) {
  fault_file_system disk;
  require_success(disk.make_folder("data"), "a folder can be made");
  disk.set_content("data/node.id", std::string(input));
  // The file is read into a buffer of the largest size.
  memory_bound bound{input.size(), std::size_t{1} << 20};
  auto read = storage::read_node_identity(disk, "data");
  if (!read) {
    require(read.error().detail.find("data/node.id") != std::string::npos, "an error names the file");
    return;
  }
  require(read->has_value(), "a file that is there is read");
  auto& identity = **read;
  if (identity.formation.size() <= storage::node_identity::formation_bytes_max) {
    require_success(storage::write_node_identity(disk, "data", identity), "what was read can be written");
    require(disk.content("data/node.id") == input, "nothing has two encodings");
  }
  if (auto record = decode<raft::formation_record>(identity.formation, "formation"))
    require(encode(*record) == identity.formation, "nothing has two encodings");
}

void repair(std::string& input) {
  if (input.size() < body_at) return;
  auto version = std::string_view{input}.substr(version_at, checksum_at - version_at);
  auto sum = crc32c(std::string_view{input}.substr(body_at), crc32c(version));
  std::memcpy(input.data() + checksum_at, &sum, sizeof sum);
}

} // namespace

constinit const target node_file{"node_file", run, repair};

} // namespace troupe::fuzzing
