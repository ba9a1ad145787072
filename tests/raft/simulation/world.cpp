#include "tests/raft/simulation/world.hpp"

#include "raft/formation.hpp"
#include "raft/lease.hpp"

#include <algorithm>
#include <utility>

namespace troupe::raft::simulation {

namespace {

constexpr std::uint64_t stormy_time = 250;
constexpr std::uint64_t calm_time_max = 400;
constexpr std::size_t spares = 2;

/// Small enough that every limit is met.
settings small_limits() {
  settings s;
  s.election_ticks_min = 8;
  s.election_ticks_max = 16;
  s.heartbeat_ticks = 2;
  s.append_bytes_max = 400;
  s.inflight_messages_max = 4;
  s.inflight_bytes_max = 1200;
  s.tail_bytes_max = 900;
  s.uncommitted_bytes_max = 3000;
  s.unapplied_bytes_max = 700;
  s.pending_reads_max = 12;
  s.read_rounds_max = 2;
  s.snapshot_chunk_bytes = 64;
  return s;
}

/// As long as can be: a tick here is never late, and what follows a message counts from the next one on. So
/// the two ticks that lease_length_us() takes off are put back.
std::int64_t longest_lease(const settings& limits) {
  constexpr unsigned drift_permille = 1'000'000 / world::slowest_clock_allowed - 1'000;
  return lease_length_us(limits.election_ticks_min + 2, 1'000, drift_permille);
}

} // namespace

world::world(std::uint64_t seed, coverage& seen, unsigned slowest_clock)
    : dice_(seed), slowest_clock_(slowest_clock), seen_(seen), limits_(small_limits()) {
  choose_misfortunes();
  if (one_in(2)) limits_.lease_us = longest_lease(limits_);
  if (limits_.lease_us != 0 || one_in(2)) limits_.silent_ticks_at_start = limits_.election_ticks_min;
  bool large = one_in(2);
  build_cluster(large ? 5 : 3, one_in(4));
}

void world::choose_misfortunes() {
  network::weather w;
  w.delay_max = static_cast<unsigned>(one_in(2) ? dice_.between(0, 1) : dice_.between(2, 6));
  if (one_in(2)) w.lost_permille = static_cast<unsigned>(dice_.between(1, 250));
  if (one_in(2)) w.repeated_permille = static_cast<unsigned>(dice_.between(1, 200));
  network_.set(w);
  if (one_in(2)) rate_.crash = static_cast<unsigned>(dice_.between(15, 100));
  if (one_in(2)) rate_.part = static_cast<unsigned>(dice_.between(15, 80));
  if (one_in(2)) rate_.hand_over = static_cast<unsigned>(dice_.between(10, 60));
  if (one_in(2)) rate_.change = static_cast<unsigned>(dice_.between(2, 30));
  if (one_in(2)) rate_.compact = static_cast<unsigned>(dice_.between(5, 40));
}

void world::build_cluster(std::size_t size, bool with_learner) {
  members_.cluster = cluster_id{1, 1};
  for (std::size_t i = 1; i <= size; ++i) {
    auto name = "n" + std::to_string(i);
    bool voter = !(with_learner && i == size);
    members_.members.push_back({node_id{name}, storage_id{1, i}, name + ":7000", name + ":8000", voter});
  }
  image first{first_hard_state(), index_t{0}, {first_entry(members_)}, {}, {}};
  surroundings around{dice_, seen_, check_,
                      [this](const node_id& from, envelope e) {
                        observe(e.body);
                        network_.send(now_, {from, e.to, std::move(e.body)}, dice_, seen_);
                      },
                      [this](const membership& members) {
                        std::vector<const disk*> disks;
                        for (auto& m : members.members)
                          if (m.voter) disks.push_back(&find(m.id)->files());
                        return disks;
                      },
                      [this] { return now_; }, slowest_clock_,
                      // In the control all are that slow, so that leaders with too long a lease are not rare.
                      slowest_clock_ < slowest_clock_allowed ? slowest_clock_ : 1200};
  persist_batch formation{0, first.state, {}, first.entries};
  for (auto& m : members_.members) {
    check_.persisting(m.id, formation, image{}, false);
    nodes_.push_back(std::make_unique<node>(m.id, limits_, first, around));
  }
  // Not members yet.
  for (std::size_t i = size + 1; i <= size + spares; ++i)
    nodes_.push_back(std::make_unique<node>(node_id{"n" + std::to_string(i)}, limits_, image{}, around));
}

void world::run() {
  for (auto& n : nodes_)
    n->start();
  while (now_ < stormy_time)
    pass_time(false);
  recover_and_settle();
}

void world::pass_time(bool calm) {
  ++now_;
  if (!calm) strike();
  for (auto& n : nodes_)
    if (n->alive() && (calm || n->clock_runs()))
      n->tick(static_cast<std::int64_t>(now_ * 25 + dice_.between(0, 60)));
  deliver();
  if (!calm) use();
  for (auto& n : nodes_)
    if (n->alive()) n->work(calm);
  bool has_leader = leading() != nullptr;
  if (had_leader_ && !has_leader) seen_.reached("leader lost its quorum");
  had_leader_ = has_leader;
}

void world::strike() {
  if (now_ < spared_until_) return;
  for (auto& n : nodes_) {
    if (n->alive()) {
      if (one_in(rate_.crash)) {
        n->crash();
        if (one_in(2)) tell_unreachable(n->id(), false);
      }
    } else if (one_in(rate_.restart)) {
      seen_.reached("restart");
      n->start();
    }
  }
  if (one_in(rate_.part)) {
    std::set<node_id> side;
    for (auto& n : nodes_)
      if (one_in(2)) side.insert(n->id());
    auto* l = leading();
    bool isolate_leader = l && one_in(2);
    if (isolate_leader) {
      side = {l->id()};
      if (one_in(2)) l->stall_disk(60);
      if (one_in(2)) {
        // Nothing else goes wrong while the others replace it and it goes on believing in itself.
        l->slow_clock();
        spared_until_ = now_ + 50;
      }
    }
    network_.part(side);
    if (isolate_leader || one_in(2))
      for (auto& id : side)
        tell_unreachable(id, true);
  }
  if (now_ >= spared_until_ && one_in(rate_.heal)) network_.heal();
  for (auto& n : nodes_)
    if (n->alive() && one_in(rate_.compact)) n->snapshot();
}

void world::tell_unreachable(const node_id& lost, bool both) {
  for (auto& n : nodes_) {
    if (n->id() == lost || !n->alive() || (both && !network_.parted(n->id(), lost))) continue;
    n->unreachable(lost);
    if (auto* other = find(lost); both && other->alive()) other->unreachable(n->id());
  }
}

void world::use() {
  auto& n = *nodes_[dice_.between(0, nodes_.size() - 1)];
  if (n.alive() && one_in(3)) n.read(next_read_++);
  for (auto& l : nodes_) {
    if (!l->alive() || l->core().role() != role_kind::leader) continue;
    if (l.get() != leading()) seen_.reached("read at a leader that was replaced");
    l->read(next_read_++);
    if (one_in(rate_.hand_over))
      l->hand_over(one_in(2) ? node_id{} : nodes_[dice_.between(0, nodes_.size() - 1)]->id());
    if (one_in(rate_.change)) change_members(*l);
    if (one_in(3)) continue;
    std::vector<proposal> batch(dice_.between(1, 3));
    for (auto& p : batch) {
      p.from = {incarnation_t{1}, next_proposal_++};
      p.payload = blob{std::string(dice_.between(0, 150), 'x')};
    }
    // A clock that goes back must not make leader time run backwards.
    l->propose(std::move(batch), static_cast<std::int64_t>(now_ * 25 + dice_.between(0, 500)));
  }
}

/// Whoever is no member is added, learners are promoted, and any member is removed, as long as two would be
/// left to vote; what was removed may be added again.
void world::change_members(node& leader) {
  auto members = leader.core().get_status().members;
  auto voters =
      std::count_if(members.members.begin(), members.members.end(), [](auto& m) { return m.voter; });
  auto at = dice_.between(0, nodes_.size() - 1);
  auto& chosen = *nodes_[at];
  auto* m = members.find(chosen.id());
  auto address = chosen.id().name + ":7000";
  if (!m)
    leader.change(add_learner{{chosen.id(), storage_id{1, at + 1}, address, address, false}});
  else if (!m->voter && !one_in(6))
    leader.change(promote_learner{m->id});
  else if (!m->voter || voters > 2 || one_in(4))
    leader.change(remove_member{m->id});
}

void world::deliver() {
  for (auto& p : network_.due(now_)) {
    auto* to = find(p.to);
    if (to->alive()) to->receive(p.from, std::move(p.body));
  }
}

/// Counts what can be seen on the wire.
void world::observe(const message& m) {
  if (auto* r = std::get_if<pre_vote_response>(&m); r && !r->granted) seen_.reached("pre-vote refused");
  if (auto* r = std::get_if<vote_response>(&m); r && !r->granted) seen_.reached("vote refused");
  if (auto* r = std::get_if<append_response>(&m); r && !r->accepted && r->index.value != 0) {
    seen_.reached("append refused");
    if (r->hint_index + 1 < r->index) seen_.reached("back-tracked over more than one entry");
  }
}

/// After the storm the cluster elects a leader, takes a proposal, and all nodes come to the same state.
void world::recover_and_settle() {
  network_.heal();
  network_.set({0, 0, 1});
  for (auto& n : nodes_)
    if (!n->alive()) n->start();
  auto deadline = now_ + calm_time_max;
  index_t goal;
  while (now_ < deadline) {
    pass_time(true);
    auto* l = leading();
    if (l && goal.value == 0 &&
        l->propose({proposal{entry_kind::command, {}, blob{"after the storm"}}}, 0) == refusal::none) {
      goal = l->core().last_index();
      l->read(next_read_++);
    }
    if (goal.value != 0 && check_.committed() >= goal && settled()) break;
  }
  require(settled(), "liveness: the cluster does not come to rest after all faults have ended");
  for (auto& m : leading()->core().get_status().members.members)
    if (!m.voter) seen_.reached("learner caught up");
}

bool world::settled() {
  auto goal = check_.committed();
  auto* l = leading();
  if (!l || l->core().last_index() != goal) return false;
  for (auto& m : l->core().get_status().members.members) {
    auto* n = find(m.id);
    if (n->applied() != goal || n->has_open_reads()) return false;
  }
  return true;
}

node* world::find(const node_id& id) {
  for (auto& n : nodes_)
    if (n->id() == id) return n.get();
  return nullptr;
}

node* world::leading() {
  node* newest = nullptr;
  for (auto& n : nodes_)
    if (n->alive() && n->core().role() == role_kind::leader &&
        (!newest || newest->core().term() < n->core().term()))
      newest = n.get();
  return newest;
}

} // namespace troupe::raft::simulation
