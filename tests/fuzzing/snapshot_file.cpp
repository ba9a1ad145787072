// A snapshot file as it stands on the disk, or as it came from another node.

#include "storage/snapshot_file.hpp"
#include "base/checksum.hpp"
#include "base/fault_file.hpp"
#include "storage/snapshot_frame.hpp"
#include "tests/fuzzing/snapshot_check.hpp"
#include "tests/fuzzing/target.hpp"

#include <cstring>

namespace troupe::fuzzing {

namespace {

using namespace storage;

void receive(fault_file_system& disk, const snapshot_info& info, std::string_view bytes) {
  require_success(disk.make_folder("data/received"), "a folder can be made");
  auto sink = snapshot_sink::begin(disk, "data/received", info.meta);
  require_success(sink, "a snapshot can be received");
  for (std::size_t at = 0; at < bytes.size(); at += 100)
    require_success(sink->write(at, bytes.substr(at, 100)), "a piece can be stored");
  auto done = sink->finish();
  require_success(done, "a good snapshot is taken from another node");
  require(done->meta == info.meta, "a snapshot stays what it is");
}

void run(std::string_view input) {
  fault_file_system disk;
  require_success(disk.make_folder("data/snapshots"), "a folder can be made");
  const std::string path = "data/snapshots/" + snapshot_name(index_t{7}, term_t{3});
  disk.set_content(path, std::string(input));
  result<snapshot_info> verified = error{};
  {
    memory_bound bound{input.size()};
    verified = verify_snapshot(disk, path);
  }
  auto search = newest_good_snapshot(disk, "data/snapshots");
  require_success(search, "damage is not an error of the search");
  if (!verified) {
    require(verified.error().code == errc::corrupt, "damage is called so");
    require(verified.error().detail.find(path) != std::string::npos, "damage names the file");
    require(!search->newest_good && search->damaged.size() == 1, "a damaged snapshot is found to be so");
    return;
  }
  bool is_named_so = verified->meta.index == index_t{7} && verified->meta.term == term_t{3};
  require(search->newest_good.has_value() == is_named_so, "a good snapshot is found");
  receive(disk, *verified, input);
  if (auto state = load_snapshot(disk, path)) check_loaded(*state);
}

/// Frames follow each other as their lengths say; each is given its number and checksum, and the foot the
/// totals.
void repair(std::string& input) {
  constexpr std::size_t size_at = 4;
  constexpr std::size_t type_at = 8;
  constexpr std::size_t number_at = 12;
  std::uint32_t number = 0;
  std::uint32_t all = 0;
  for (std::size_t at = 0; input.size() - at >= snapshot_frame_head_bytes; ++number) {
    std::uint32_t size = 0;
    std::memcpy(&size, input.data() + at + size_at, sizeof size);
    if (size > input.size() - at - snapshot_frame_head_bytes) return;
    auto total = snapshot_frame_head_bytes + size;
    bool is_foot = input[at + type_at] == static_cast<char>(snapshot_frame::foot);
    if (is_foot && number > 0) {
      auto foot =
          make_snapshot_frame(snapshot_frame::foot, number, encode(snapshot_foot{number - 1, at, all}));
      input.replace(at, total, foot);
      return;
    }
    std::memcpy(input.data() + at + number_at, &number, sizeof number);
    auto sum = crc32c(std::string_view{input}.substr(at + size_at, total - size_at));
    std::memcpy(input.data() + at, &sum, sizeof sum);
    all = crc32c(std::string_view{input}.substr(at, total), all);
    at += total;
  }
}

} // namespace

constinit const target snapshot_file{"snapshot_file", run, repair};

} // namespace troupe::fuzzing
