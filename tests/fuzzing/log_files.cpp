// A folder of segments: recovered, read back, written on and recovered again. A segment: the two numbers of
// its name (u8 each), its size in KiB beyond its content (u8), its content (a stretch).

#include "base/checksum.hpp"
#include "base/fault_file.hpp"
#include "storage/log_reader.hpp"
#include "storage/wal.hpp"
#include "tests/fuzzing/pieces.hpp"
#include "tests/fuzzing/target.hpp"

#include <cstring>

namespace troupe::fuzzing {

namespace {

using namespace storage;

wal_options small_options() {
  wal_options o;
  o.folder = "data/wal";
  o.segment_bytes = 16u << 10;
  o.record_bytes_max = 64u << 10;
  o.recovered_tail_bytes_max = 4u << 10;
  return o;
}

struct observed {
  hard_state state;
  snapshot_meta snapshot;
  index_t first;
  index_t last;
  membership members;
  std::vector<entry> entries;

  friend bool operator==(const observed&, const observed&) = default;
};

std::vector<entry> read_all(file_system& disk, const wal& log) {
  std::vector<entry> all;
  log_reader reader{disk, log.map(), small_options().record_bytes_max};
  for (auto next = log.first(); next <= log.last();) {
    auto some = reader.read(next, log.last(), 1'000);
    require_success(some, "what was recovered can be read");
    require(!some->empty() && some->front().index == next, "a reader gives the entry that was asked for");
    all.insert(all.end(), some->begin(), some->end());
    next = all.back().index + 1;
  }
  return all;
}

observed observe(file_system& disk, const wal& log, const recovered_log& found) {
  require(found.first == log.first() && found.last == log.last(), "recovery and log agree");
  require(found.first <= found.last + 1, "a log ends where it begins, or later");
  return {found.state, found.snapshot, found.first, found.last, found.members, read_all(disk, log)};
}

/// One more entry, durable.
void write_on(wal& log, const recovered_log& found, observed& expected) {
  if (log.last().value >= UINT64_MAX - 1) return;
  entry e;
  e.index = log.last() + 1;
  e.term = found.term_runs.empty() ? std::max(found.snapshot.term, term_t{1}) : found.term_runs.back().second;
  e.payload = blob{"new"};
  if (!log.append(std::span{&e, 1})) return;
  require_success(log.sync(), "a good disk syncs");
  expected.entries.push_back(e);
  expected.last = e.index;
}

void fill(fault_file_system& disk, std::string_view input) {
  pieces in{input};
  for (int i = 0; i < 8 && !in.done(); ++i) {
    auto sequence = in.byte();
    auto first = in.byte();
    auto more = std::size_t{in.byte()} % 32 << 10;
    std::string content{in.stretch()};
    content.resize(content.size() + more);
    disk.set_content("data/wal/" + segment_name(sequence, index_t{first}), std::move(content));
  }
}

void run(std::string_view input) {
  fault_file_system disk;
  require_success(disk.make_folder("data/wal"), "a folder can be made");
  fill(disk, input);
  auto before = disk.files();
  observed expected;
  {
    recovered_log found;
    auto opened = wal::open(disk, small_options(), found);
    if (!opened) {
      auto code = opened.error().code;
      require(code == errc::corrupt || code == errc::foreign, "damage is called so");
      require(opened.error().detail.find("data/wal") != std::string::npos, "damage names the place");
      require(disk.files() == before, "a damaged log is left alone");
      return;
    }
    expected = observe(disk, **opened, found);
    write_on(**opened, found, expected);
  }
  disk.crash(crash_mode::drop_unsynced);
  recovered_log again;
  auto reopened = wal::open(disk, small_options(), again);
  require_success(reopened, "what was recovered once is recovered again");
  require(observe(disk, **reopened, again) == expected, "nothing is lost or made up");
}

/// Frames follow each other as their lengths say; each is given its position and checksum.
void seal_frames(std::string& content) {
  constexpr std::size_t size_at = 4;
  constexpr std::size_t position_at = 12;
  if (content.size() < frame_head_bytes) return;
  auto base = claimed_position(content.data());
  for (std::size_t at = 0; content.size() - at >= frame_head_bytes;) {
    std::uint32_t size = 0;
    std::memcpy(&size, content.data() + at + size_at, sizeof size);
    if (size > content.size() - at - frame_head_bytes) return;
    auto position = base + at;
    std::memcpy(content.data() + at + position_at, &position, sizeof position);
    auto sum = crc32c(std::string_view{content}.substr(at + size_at, frame_head_bytes - size_at + size));
    std::memcpy(content.data() + at, &sum, sizeof sum);
    at += frame_head_bytes + size;
  }
}

void repair(std::string& input) {
  pieces in{input};
  std::string out;
  while (!in.done()) {
    out += in.take(3);
    std::string content{in.stretch()};
    seal_frames(content);
    append_stretch(out, content);
  }
  input = std::move(out);
}

} // namespace

constinit const target log_files{"log_files", run, repair};

} // namespace troupe::fuzzing
