#include "tests/sim/cluster.hpp"

#include "raft/lease.hpp"
#include "tests/actors/search_samples.hpp"

#include <algorithm>

namespace troupe::simulation {

namespace {

/// With leases clocks may differ by so much, fastest to slowest.
constexpr std::int64_t lease_slowest_permille = 950;
constexpr std::int64_t lease_fastest_permille = 1'050;
constexpr unsigned lease_drift_permille = 110;

/// Small enough that every limit is met and snapshots, segments and loads from disk come often.
raft::settings core_settings(dice& random, bool tight) {
  raft::settings s;
  s.election_ticks_min = 10;
  s.election_ticks_max = 20;
  s.heartbeat_ticks = 2;
  s.silent_ticks_at_start = s.election_ticks_min;
  s.append_bytes_max = 4'000;
  s.inflight_messages_max = 8;
  s.inflight_bytes_max = 16'000;
  s.tail_bytes_max = random.one_in(2) ? 4'000 : 60'000;
  s.uncommitted_bytes_max = tight ? 6'000 : 200'000;
  s.unapplied_bytes_max = 8'000;
  s.pending_reads_max = tight ? 4 : 1'000;
  s.read_rounds_max = 2;
  s.snapshot_chunk_bytes = random.one_in(2) ? 4'000 : 24'000;
  return s;
}

} // namespace

cluster::cluster(surroundings& around, const scenario& plan) : around_(around), scenario_(plan) {
  auto& random = around_.random;
  raft_.core = core_settings(random, plan.tight);
  raft_.tick_ms = 50;
  if (plan.leases)
    raft_.core.lease_us =
        raft::lease_length_us(raft_.core.election_ticks_min, raft_.tick_ms * 1'000, lease_drift_permille);
  raft_.snapshot_log_entries = random.pick(std::vector<std::uint64_t>{15, 40, 120, 1'000});
  raft_.snapshot_keep_entries = random.pick(std::vector<std::uint64_t>{2, 10, 30});
  raft_.history_keep_ms = 4'000;
  raft_.history_keep_revisions = random.one_in(2) ? 20 : 1'000;
  if (plan.tight) {
    raft_.writes_max = 4;
    raft_.reads_max = 4;
    raft_.searches_max = 2;
  }
  calm_.delay_max_ms = random.pick(std::vector<std::int64_t>{0, 2, 8});
  // Known from the start: who doubts an answer must not repeat a request that a later jump makes a new one.
  may_forget_ = plan.faults.contains("clock") && random.one_in(2);
  std::vector<std::string> names;
  auto size = random.pick(plan.sizes);
  for (std::int64_t i = 1; i <= size + plan.spares; ++i)
    names.push_back("n" + std::to_string(i));
  std::vector<std::string> founders{names.begin(), names.begin() + size};
  for (auto& name : names)
    nodes_.push_back(std::make_unique<node>(around_, plan_of(name, names, founders)));
  for (auto i = founders.size(); i < nodes_.size(); ++i)
    nodes_[i]->replace_disk();
  admin_ = around_.actors.listener([this](caf::message m) {
    if (m.size() == 0 || !m.match_element<answer_batch>(0)) return;
    for (auto& a : m.get_as<answer_batch>(0).answers) {
      if (std::holds_alternative<transfer_result>(a.body)) around_.reached("leadership transferred");
      if (auto* m = std::get_if<member_result>(&a.body); m && m->changed) around_.reached("members changed");
      if (std::holds_alternative<snapshot_result>(a.body)) around_.reached("snapshot asked for was written");
    }
  });
  around_.wires.watch = [this](unsigned from, unsigned to, const raft::message& m) {
    around_.check.sending(nodes_[from]->name(), nodes_[to]->name(), m);
  };
  around_.actors.turn_ended = [this](stage::player& p) { nodes_[p.owner]->turn_ended(p); };
}

cluster::~cluster() {
  around_.actors.turn_ended = [](stage::player&) {};
  for (auto& n : nodes_)
    n->kill(crash_mode::keep_all);
}

node_plan cluster::plan_of(const std::string& name, const std::vector<std::string>& names,
                           const std::vector<std::string>& founders) {
  auto& random = around_.random;
  node_plan p;
  p.name = name;
  p.names = names;
  p.founders = founders;
  if (random.one_in(2)) p.reserve_bytes = 128u << 10;
  p.raft = raft_;
  p.endpoint.bounds = {4'096, 1u << 20, 2u << 20};
  if (scenario_.tight) p.endpoint.client_requests_max = 2;
  if (scenario_.searches) p.model = test::test_model();
  if (scenario_.leases)
    p.clock_permille = random.between(lease_slowest_permille, lease_fastest_permille);
  else
    p.clock_permille = random.one_in(3) ? random.between(750, 1'300) : random.between(990, 1'010);
  p.sync_ms_max = random.pick(std::vector<std::int64_t>{0, 2, 10, 40});
  return p;
}

node* cluster::leader() {
  node* best = nullptr;
  term_t term;
  for (auto& n : nodes_) {
    if (!n->answers()) continue;
    auto s = n->status();
    if (s.role == node_role::leader && s.term > term) best = n.get(), term = s.term;
  }
  return best;
}

std::vector<node*> cluster::members() {
  std::vector<node*> out;
  auto* l = leader();
  if (!l) return out;
  auto status = l->status();
  for (auto& m : status.members)
    for (auto& n : nodes_)
      if (n->name() == m.id.name) out.push_back(n.get());
  return out;
}

node* cluster::any_running() {
  std::vector<node*> able;
  for (auto& n : nodes_)
    if (n->answers()) able.push_back(n.get());
  return able.empty() ? nullptr : around_.random.pick(able);
}

node* cluster::victim() {
  if (auto* l = leader(); l && around_.random.one_in(2)) return l;
  return any_running();
}

void cluster::start() {
  around_.wires.set(calm_);
  for (auto& n : nodes_)
    if (!n->start()) around_.check.violated(n->name() + " does not start: " + n->refused()->why);
}

void cluster::after(std::int64_t low, std::int64_t high, calendar::action what) {
  around_.time.in(around_.random.between(low, high), [this, storm = storm_, what = std::move(what)] {
    if (storm == storm_) what();
  });
}

void cluster::begin_faults() {
  ++storm_;
  for (auto& [kind, mean] : scenario_.faults)
    if (mean != 0 && !around_.random.one_in(3)) schedule(kind, mean);
}

void cluster::schedule(const std::string& kind, std::int64_t mean) {
  around_.time.in(around_.random.about(mean), [this, kind, mean, storm = storm_] {
    if (storm != storm_) return;
    strike(kind);
    schedule(kind, mean);
  });
}

void cluster::end_faults() {
  ++storm_;
  around_.say("all faults end");
  around_.wires.heal();
  around_.wires.set({});
  for (auto& n : nodes_) {
    repair(*n);
    n->disk.power_off_after(fault_file_system::unlimited);
    n->slow_down(0);
    n->pause(false);
    if (!n->runs()) start_again(*n);
  }
  mend_members();
}

/// What was done to its disk is undone, as by whoever replaces a cable, frees space or restores a file.
void cluster::repair(node& n) {
  n.disk.heal();
  n.disk.set_capacity(fault_file_system::unlimited);
  if (rotten_ == &n) {
    auto there = n.disk.files();
    // Backwards: what a file was like with one bit rotten is known from before the next one rotted.
    for (auto bit = rotten_bits_.rbegin(); bit != rotten_bits_.rend(); ++bit) {
      auto& b = *bit;
      if (std::find(there.begin(), there.end(), b.path) == there.end()) continue;
      // Unless the node has meanwhile written another file in its place.
      auto content = n.disk.content(b.path);
      bool same = b.path.ends_with(".snap") ? content == b.content
                                            : content.compare(0, b.content.size(), b.content) == 0;
      if (same) n.disk.flip_bit(b.path, b.offset, b.bit);
    }
    rotten_bits_.clear();
    rotten_ = nullptr;
  }
}

void cluster::crash(node& n, crash_mode mode) {
  around_.say(n.name() + " is killed");
  n.kill(mode);
  restart_later(n);
}

void cluster::restart_later(node& n) {
  auto low = around_.random.one_in(4) ? 1'500 : 20;
  after(low, low * 20 > 5'000 ? 5'000 : 800, [this, &n] {
    if (!n.runs()) start_again(n);
  });
}

void cluster::start_again(node& n) {
  if (n.start()) return around_.reached("node started again");
  bool of_no_use = n.removal_asked && n.refused()->why.find("removed") != std::string::npos;
  if (of_no_use) {
    around_.reached("removed node refused to start");
    n.replace_disk();
    return restart_later(n);
  }
  if (!n.disk_damaged)
    return around_.check.violated(n.name() +
                                  " refuses to start, and nothing was done to its disk: " + n.refused()->why);
  if (n.refused()->why.find("damage") != std::string::npos || rotten_ == &n)
    around_.reached("bit rot found at the start");
  repair(n);
  n.disk.crash(crash_mode::drop_unsynced);
  restart_later(n);
}

void cluster::watch() {
  for (auto& n : nodes_) {
    if (n->runs() && n->disk.is_off()) {
      around_.reached("power cut inside a write");
      crash(*n, around_.random.one_in(2) ? crash_mode::reorder : crash_mode::drop_unsynced);
    }
    if (auto e = n->take_ending()) ended(*n, *e);
  }
}

void cluster::ended(node& n, const node::ending& e) {
  around_.say(n.name() + " has ended: " + e.why);
  if (e.code == exit_code::clean) {
    around_.reached("node stopped in good order");
  } else if (e.code == exit_code::storage && n.disk_damaged) {
    around_.reached(rotten_ == &n ? "bit rot found while running" : "node stopped because of its disk");
    repair(n);
  } else if (e.code == exit_code::refused && n.removal_asked && e.why.find("removed") != std::string::npos) {
    around_.reached("removed node stopped");
    n.kill(crash_mode::process_only);
    n.replace_disk();
    return restart_later(n);
  } else {
    around_.check.violated(n.name() + " ended without a reason to: " + e.why);
  }
  // After a failed write only a reboot tells what the disk holds.
  crash(n, e.code == exit_code::clean ? crash_mode::process_only : crash_mode::drop_unsynced);
}

void cluster::admin(node& n, request r) {
  r.id = ++admin_id_;
  request_batch batch;
  batch.requests.push_back(std::move(r));
  n.ask(admin_, std::move(batch));
}

} // namespace troupe::simulation
