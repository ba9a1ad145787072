#include "tests/raft/simulation/node.hpp"

#include "base/archive.hpp"
#include "base/entry_archive.hpp"

#include <algorithm>
#include <utility>

namespace troupe::raft::simulation {

node::node(node_id id, const settings& limits, image first, surroundings around)
    : id_(std::move(id)), limits_(limits), around_(std::move(around)), disk_(std::move(first)),
      sync_one_in_(around_.dice.between(1, 4) == 1 ? 30 : 2),
      clock_us_per_unit_(around_.dice.between(around_.slowest_clock, around_.fastest_clock)),
      ticks_in_16_(around_.dice.between(1, 3) == 1 ? 4 : 14) {}

void node::start() {
  auto found = disk_.recover(around_.dice.between(0, 12));
  state_ = {};
  if (found.snapshot.index.value != 0) state_ = decode_state(disk_.durable().snapshot_bytes).value();
  core_.emplace(limits_, id_, std::move(found), around_.dice.next());
  led_ = false;
  pump();
}

void node::crash() {
  core_.reset();
  notices_.clear();
  applying_.clear();
  loads_.clear();
  chunk_requests_.clear();
  chunks_.clear();
  incoming_.clear();
  open_reads_.clear();
  disk_.crash(around_.dice, around_.seen);
}

void node::receive(const node_id& from, message m) {
  core_->step(from, std::move(m));
  pump();
}

void node::tick(std::int64_t clock_ms) {
  core_->tick(clock_ms);
  pump();
}

refusal node::propose(std::vector<proposal> batch, std::int64_t clock_ms) {
  auto refused = core_->propose(std::move(batch), clock_ms);
  if (refused == refusal::overloaded) around_.seen.reached("proposal overloaded");
  if (refused == refusal::handing_over) around_.seen.reached("proposal during a handover");
  pump();
  return refused;
}

void node::read(std::uint64_t id) {
  auto answered = [this] { return around_.seen.count("read answered at the leader"); };
  auto before = answered();
  open_reads_[id] = around_.check.applied_anywhere();
  core_->read({id});
  pump();
  auto members = core_->get_status().members.members;
  auto voters = std::count_if(members.begin(), members.end(), [](auto& m) { return m.voter; });
  if (limits_.lease_us == 0 || core_->role() != role_kind::leader || voters == 1) return;
  if (answered() > before)
    around_.seen.reached("read answered by lease");
  else if (open_reads_.contains(id))
    around_.seen.reached("read at a leader without a lease");
}

void node::hand_over(const node_id& to) {
  if (core_->hand_over(to) == handover::begun) heir_ = core_->handing_over_to();
  pump();
}

change_refusal node::change(const membership_change& what) {
  auto why = core_->change_membership(what, 0);
  around_.seen.reached(why == change_refusal::none ? "membership changed"
                                                   : "change refused: " + std::string(to_string(why)));
  pump();
  return why;
}

void node::unreachable(const node_id& peer) {
  around_.seen.reached("peer unreachable");
  core_->unreachable(peer);
  pump();
}

void node::pump() {
  // A leader may learn that more is committed and have nothing to do about it before it steps down.
  if (core_->role() == role_kind::leader && core_->commit() > around_.check.committed()) check_commit(true);
  for (auto out = core_->take(clock_us()); !out.empty(); out = core_->take(clock_us()))
    carry_out(std::move(out));
  auto s = core_->get_status();
  require(s.applied <= s.commit && s.commit <= s.last_index && s.durable_index <= s.last_index,
          id_.name + " breaks applied <= commit <= last");
}

void node::carry_out(output out) {
  bool leads = core_->role() == role_kind::leader;
  if (out.persist) {
    around_.check.persisting(id_, *out.persist, disk_.written(), leads && led_ && led_term_ == core_->term());
    if (out.persist->truncate_from) {
      around_.seen.reached("suffix truncated");
      for (auto i = *out.persist->truncate_from; i <= disk_.written().last(); ++i)
        if (disk_.written().at(i).kind == entry_kind::membership)
          around_.seen.reached("membership truncated");
      if (disk_.written().last() > disk_.durable().last())
        around_.seen.reached("durable notice for a truncated suffix");
    }
    disk_.write(std::move(*out.persist));
  }
  note_change_of_role();
  if (leads || !out.apply.empty()) check_commit(leads);
  around_.check.applying(id_, out.apply);
  if (!out.apply.empty()) applying_.push_back(std::move(out.apply));
  for (auto& ready : out.reads)
    for (auto id : ready.ids) {
      auto open = open_reads_.find(id);
      require(open != open_reads_.end(), "a read is answered twice");
      require(ready.index >= open->second && ready.index <= around_.check.committed(),
              "linearizability: a read at " + id_.name + " misses what was applied before it");
      open_reads_.erase(open);
      around_.seen.reached(leads ? "read answered at the leader" : "read answered at a follower");
    }
  for (auto id : out.reads_failed) {
    require(open_reads_.erase(id) == 1, "a read fails twice");
    around_.seen.reached("read failed");
  }
  loads_.insert(loads_.end(), out.load.begin(), out.load.end());
  chunk_requests_.insert(chunk_requests_.end(), out.snapshot_chunks.begin(), out.snapshot_chunks.end());
  if (out.store_chunk) chunks_.push_back(std::move(*out.store_chunk));
  require(loads_.size() < 20 && chunk_requests_.size() < 20 && chunks_.size() < 10,
          "the core asks without bound");
  for (auto& e : out.messages) {
    around_.check.sending(id_, e.body, e.to, disk_.durable());
    around_.send(id_, std::move(e));
  }
}

void node::note_change_of_role() {
  bool leads = core_->role() == role_kind::leader;
  auto s = core_->get_status();
  bool member = s.members.find(id_) != nullptr;
  if (leads && !led_) around_.seen.reached(member ? "leader elected" : "leader elected that was removed");
  if (led_ && !leads && !member && s.members_index <= s.commit)
    around_.seen.reached("leader stepped down after its removal");
  if (heir_ && !leads && core_->leader() == heir_) around_.seen.reached("leadership handed over");
  if (heir_ && leads && !core_->handing_over_to()) around_.seen.reached("handover given up");
  if (leads ? !core_->handing_over_to() : static_cast<bool>(core_->leader())) heir_ = {};
  led_ = leads;
  led_term_ = core_->term();
}

void node::check_commit(bool leads) {
  auto commit = core_->commit();
  require(state_.index <= commit && commit <= core_->last_index(),
          id_.name + " breaks applied <= commit <= last");
  if (leads)
    around_.check.leading(id_, core_->term(), commit, disk_.written(),
                          around_.voters(core_->get_status().members));
  around_.check.follows_commit(id_, commit);
}

void node::work(bool eager) {
  auto& dice = around_.dice;
  bool stalled = !eager && stalled_steps_ > 0;
  if (stalled) --stalled_steps_;
  do {
    auto happens = [&](unsigned one_in) { return eager || dice.between(1, one_in) == 1; };
    if (disk_.has_unsynced() && !stalled && happens(sync_one_in_)) sync();
    if (stalled && stalled_steps_ % 3 == 0) sync_state();
    if (!notices_.empty() && !stalled && happens(2)) notify();
    if (!applying_.empty() && happens(2)) apply();
    if (!loads_.empty() && happens(3)) {
      auto request = loads_.front();
      loads_.pop_front();
      load(request);
    }
    if (!chunk_requests_.empty() && happens(2)) {
      auto request = chunk_requests_.front();
      chunk_requests_.pop_front();
      give_chunk(request);
    }
    if (!chunks_.empty() && happens(2)) {
      auto chunk = std::move(chunks_.front());
      chunks_.pop_front();
      store(std::move(chunk), eager);
    }
  } while (eager && (disk_.has_unsynced() || !notices_.empty() || !applying_.empty() || !loads_.empty() ||
                     !chunk_requests_.empty() || !chunks_.empty()));
}

void node::sync() {
  auto count = around_.dice.between(1, 3);
  for (; count > 0 && disk_.has_unsynced(); --count)
    notices_.push_back(disk_.sync_one());
}

/// What a log does that has no space for entries.
void node::sync_state() {
  auto number = disk_.sync_state();
  if (number == 0) return;
  around_.seen.reached("hard state durable ahead of entries");
  core_->persisted(0, number);
  pump();
}

void node::notify() {
  auto chosen = around_.dice.between(0, notices_.size() - 1);
  if (chosen != 0) around_.seen.reached("durable notices out of order");
  auto number = notices_[chosen];
  notices_.erase(notices_.begin() + static_cast<std::ptrdiff_t>(chosen));
  core_->persisted(number);
  pump();
}

void node::apply() {
  auto batch = std::move(applying_.front());
  applying_.pop_front();
  for (auto& e : batch) {
    require(e.index == state_.index + 1, id_.name + " applies with a gap");
    require(e.leader_time_ms >= state_.leader_time_ms, "leader time runs backwards");
    state_.index = e.index;
    state_.hash = next_state(state_.hash, e);
    state_.leader_time_ms = e.leader_time_ms;
    if (e.kind == entry_kind::membership)
      state_.members = decode<membership>(e.payload.view(), "membership").value();
  }
  around_.check.state_reached(id_, state_.index, state_.hash);
  core_->applied(state_.index);
  pump();
}

void node::load(const load_request& request) {
  auto& files = disk_.written();
  if (!files.holds(request.lo)) {
    around_.seen.reached("load failed");
    core_->load_failed(request);
  } else {
    std::vector<entry> entries;
    std::size_t bytes = 0;
    for (auto i = request.lo; i <= request.hi && files.holds(i); ++i) {
      bytes += files.at(i).cost();
      if (!entries.empty() && bytes > request.bytes_max) break;
      entries.push_back(files.at(i));
    }
    around_.seen.reached(request.who ? "entries loaded for a follower" : "entries loaded to be applied");
    core_->loaded(request, std::move(entries));
  }
  pump();
}

void node::give_chunk(const snapshot_request& request) {
  auto& files = disk_.durable();
  if (files.snapshot.index.value == 0) return;
  auto& bytes = files.snapshot_bytes;
  auto offset =
      request.index == files.snapshot.index ? std::min<std::uint64_t>(request.offset, bytes.size()) : 0;
  auto chunk = bytes.substr(offset, request.bytes_max);
  bool done = offset + chunk.size() == bytes.size();
  core_->snapshot_chunk(request, files.snapshot, bytes.size(), std::move(chunk), done);
  pump();
}

void node::store(incoming_chunk chunk, bool eager) {
  if (chunk.offset == 0) incoming_.clear();
  if (chunk.offset > 0) around_.seen.reached("snapshot chunk after the first");
  require(chunk.offset == incoming_.size(), "chunks of a snapshot out of order");
  incoming_ += chunk.bytes;
  if (chunk.done)
    install(chunk, eager);
  else
    core_->chunk_stored(chunk.meta, incoming_.size());
  pump();
}

void node::install(const incoming_chunk& chunk, bool eager) {
  require(incoming_.size() == chunk.total_size, "a snapshot of another size than announced");
  auto arrived = decode_state(incoming_);
  require(arrived && arrived->index == chunk.meta.index, "a snapshot that is not what it says");
  if (!eager && around_.dice.between(0, 5) == 0) {
    around_.seen.reached("snapshot rejected");
    core_->snapshot_rejected(chunk.meta);
    return;
  }
  around_.seen.reached("snapshot installed");
  if (!disk_.written().entries.empty()) around_.seen.reached("snapshot replaced a log with entries");
  disk_.install(chunk.meta, incoming_);
  applying_.clear();
  state_ = *arrived;
  around_.check.state_reached(id_, state_.index, state_.hash);
  core_->snapshot_installed(chunk.meta, state_.leader_time_ms);
}

void node::snapshot() {
  auto& files = disk_.durable();
  if (state_.index <= files.snapshot.index || !chunks_.empty()) return;
  auto& log = disk_.durable();
  if (!log.holds(state_.index)) return;
  snapshot_meta meta{state_.index, log.at(state_.index).term, state_.members};
  auto kept = around_.dice.between(0, 10);
  auto first_kept = meta.index.value + 1 > kept ? index_t{meta.index.value + 1 - kept} : index_t{1};
  disk_.snapshot(meta, encode_state(state_), std::max(first_kept, log.before + 1));
  around_.seen.reached("log compacted");
  core_->snapshot_written(meta, first_kept);
  pump();
}

std::string node::encode_state(const machine_state& s) {
  std::string out;
  encode_to(out, s.index);
  encode_to(out, s.hash);
  encode_to(out, s.leader_time_ms);
  encode_to(out, s.members);
  // Of a size that takes several chunks.
  encode_to(out, std::string(100 + s.hash % 100, static_cast<char>(s.hash)));
  return out;
}

std::optional<node::machine_state> node::decode_state(const std::string& bytes) {
  try {
    input_archive in{bytes};
    machine_state s;
    std::string filling;
    in >> s.index >> s.hash >> s.leader_time_ms >> s.members >> filling;
    if (filling != std::string(100 + s.hash % 100, static_cast<char>(s.hash))) return std::nullopt;
    return s;
  } catch (const archive_error&) {
    return std::nullopt;
  }
}

} // namespace troupe::raft::simulation
