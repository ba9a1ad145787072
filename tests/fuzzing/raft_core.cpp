// One node of three; what the others say comes from the input, decoded as a link decodes it. A step: what
// (u8), then what it takes.
//
// Peers are trusted (docs/decisions/0013): a message that no node of this cluster can have meant is dropped,
// and one that contradicts what this node knows to be agreed stops it by an assertion. Those are listed here;
// any other end of the program is a find.

#include "base/entry_archive.hpp"
#include "raft/core.hpp"
#include "raft/message_archive.hpp"
#include "tests/fuzzing/pieces.hpp"
#include "tests/fuzzing/target.hpp"

#include <algorithm>
#include <array>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <deque>

namespace troupe {

namespace {

/// The node has stopped: somebody lied, or lost its disk.
struct stopped {};

constexpr std::array<std::string_view, 5> contradictions{
    "two leaders in one term",
    "a leader contradicts what is committed",
    "a leader contradicts itself",
    "terms in a log never fall",
    "a follower holds more of this term than its leader",
};

} // namespace

// In the place of base/assert.cpp.
void assertion_failed(const char* condition, const char* why, const char* file, int line) {
  if (std::find(contradictions.begin(), contradictions.end(), why) != contradictions.end()) throw stopped{};
  std::fprintf(stderr, "%s:%d: invariant broken: %s (%s)\n", file, line, why, condition);
  std::abort();
}

namespace fuzzing {

namespace {

using namespace raft;

const membership& members() {
  static const membership three{cluster_id{1, 2},
                                {{node_id{"n1"}, storage_id{1, 1}, "a:1", "a:8", true},
                                 {node_id{"n2"}, storage_id{2, 2}, "b:1", "b:8", true},
                                 {node_id{"n3"}, storage_id{3, 3}, "c:1", "c:8", true}}};
  return three;
}

/// The node's driver, with a disk that is as slow as the input says.
class driver {
public:
  driver() : core_(make_limits(), node_id{"n1"}, first_life(), 1) { take(); }

  void step(pieces& in);

private:
  static settings make_limits() {
    settings s;
    s.election_ticks_min = 4;
    s.election_ticks_max = 8;
    s.heartbeat_ticks = 1;
    s.append_bytes_max = 256;
    s.tail_bytes_max = 512;
    s.unapplied_bytes_max = 512;
    s.uncommitted_bytes_max = 1'024;
    return s;
  }
  recovered first_life() {
    entry first{term_t{1}, index_t{1}, entry_kind::membership, 0, {}, blob{encode(members())}};
    log_ = {first};
    recovered r;
    r.state = {term_t{1}, {}};
    r.terms = {{index_t{1}, term_t{1}}};
    r.last_index = index_t{1};
    r.tail = log_;
    r.memberships = {{index_t{1}, members()}};
    return r;
  }

  void receive(const node_id& from, std::string_view bytes);
  void take();
  void answer(const load_request& request);
  void persist_all() {
    if (!writes_.empty()) core_.persisted(writes_.back());
    writes_.clear();
  }
  void store();

  std::vector<entry> log_; ///< as written; [i] is index before_ + i + 1
  index_t before_;
  core core_;
  std::deque<std::uint64_t> writes_; ///< not durable yet
  std::optional<incoming_chunk> chunk_;
  index_t handed_{0};
  std::uint64_t next_id_ = 1;
};

void driver::receive(const node_id& from, std::string_view bytes) {
  std::optional<message> decoded_message;
  {
    memory_bound bound{bytes.size()};
    if (auto m = decode<message>(bytes, "message")) decoded_message = std::move(*m);
  }
  if (!decoded_message) return;
  require(encode(*decoded_message) == bytes, "nothing has two encodings");
  core_.step(from, std::move(*decoded_message));
}

void driver::answer(const load_request& request) {
  std::vector<entry> found;
  for (auto i = request.lo; i <= request.hi && i > before_ && i - before_ <= log_.size(); ++i)
    found.push_back(log_[i - before_ - 1]);
  if (found.empty())
    core_.load_failed(request);
  else
    core_.loaded(request, std::move(found));
}

void driver::take() {
  // What is answered at once may have something to say in turn.
  for (int rounds = 0; rounds < 8; ++rounds) {
    auto out = core_.take();
    if (out.persist) {
      auto& batch = *out.persist;
      if (batch.truncate_from) {
        require(*batch.truncate_from > before_, "what a snapshot covers is never cut off");
        log_.resize(std::min<std::size_t>(log_.size(), *batch.truncate_from - before_ - 1));
      }
      for (auto& e : batch.entries) {
        require(e.index == before_ + log_.size() + 1, "entries follow the log");
        log_.push_back(e);
      }
      writes_.push_back(batch.number);
    }
    for (auto& m : out.messages) {
      auto bytes = encode(m.body);
      auto back = decode<message>(bytes, "message");
      require(back && *back == m.body, "what is said can be read");
    }
    for (auto& e : out.apply) {
      require(e.index == handed_ + 1, "entries are applied in order");
      handed_ = e.index;
    }
    if (!out.apply.empty()) core_.applied(handed_);
    for (auto& request : out.load)
      answer(request);
    if (out.store_chunk) chunk_ = std::move(out.store_chunk);
    if (out.apply.empty() && out.load.empty()) return;
  }
}

/// The chunk that came last is stored, or the snapshot is installed.
void driver::store() {
  if (!chunk_) return;
  auto chunk = std::exchange(chunk_, std::nullopt);
  if (!chunk->done) {
    core_.chunk_stored(chunk->meta, chunk->offset + chunk->bytes.size());
    return;
  }
  persist_all();
  core_.snapshot_installed(chunk->meta, 5);
  log_.clear();
  before_ = handed_ = chunk->meta.index;
}

void driver::step(pieces& in) {
  auto what = in.byte();
  auto from = node_id{what & 16 ? "n3" : what & 32 ? "x" : "n2"};
  switch (what % 16) {
  case 0:
    for (auto ticks = in.byte() % 16; ticks > 0; --ticks)
      core_.tick(1'000);
    break;
  case 1: persist_all(); break;
  case 2:
    if (!writes_.empty()) {
      core_.persisted(writes_.front());
      writes_.pop_front();
    }
    break;
  case 3: core_.propose({{entry_kind::command, {}, blob{in.take(in.byte())}}}, 1'000); break;
  case 4: core_.read({next_id_++}); break;
  case 5: core_.unreachable(from); break;
  case 6: core_.hand_over(what & 64 ? from : node_id{}); break;
  case 7: store(); break;
  case 8:
    if (chunk_ && chunk_->done) {
      core_.snapshot_rejected(chunk_->meta);
      chunk_.reset();
    }
    break;
  case 9: {
    auto change = what & 64 ? membership_change{remove_member{from}}
                            : membership_change{add_learner{{from, storage_id{9, 9}, "x:1", "x:8", false}}};
    core_.change_membership(change, 1'000);
    break;
  }
  default: receive(from, in.stretch());
  }
  take();
}

void run(std::string_view input) {
  pieces in{input};
  try {
    driver node;
    for (int i = 0; i < 200 && !in.done(); ++i)
      node.step(in);
  } catch (const stopped&) {
    // As it should.
  }
}

} // namespace

constinit const target raft_core{"raft_core", run};

} // namespace fuzzing

} // namespace troupe
