// What can go wrong in a history, one kind after the other.

#include "tests/sim/cluster.hpp"

#include <algorithm>

namespace troupe::simulation {

namespace {

/// Beyond what sessions and the origins of proposals are remembered for.
constexpr std::int64_t beyond_sessions_ms = 11 * 60 * 1'000;
/// A bit in front of this much of later content of a log segment. Behind it, what rots cannot be told from an
/// unfinished write (docs/formats.md).
constexpr std::size_t later_content_bytes = 6'000;

} // namespace

const std::vector<std::string>& fault_kinds() {
  static const std::vector<std::string> kinds{
      "kill",      "power_cut", "torn_power_cut", "power_cut_inside", "stop",       "pause",     "slow",
      "slow_disk", "bad_sync",  "full_disk",      "bit_rot",          "part",       "one_way",   "isolate",
      "flaky",     "clock",     "transfer",       "snapshot",         "kill_index", "reopening", "members",
      "lost_disk"};
  return kinds;
}

void cluster::strike(const std::string& kind) {
  auto* n = victim();
  if (!n) return;
  auto& random = around_.random;
  auto says = [&](const std::string& what) { around_.say("fault: " + what); };
  around_.reached("fault: " + kind);
  if (kind == "kill") {
    crash(*n, crash_mode::process_only);
  } else if (kind == "power_cut") {
    crash(*n, crash_mode::drop_unsynced);
  } else if (kind == "torn_power_cut") {
    crash(*n, crash_mode::reorder);
  } else if (kind == "power_cut_inside") {
    says("the power of " + n->name() + " goes off soon");
    n->disk.power_off_after(static_cast<std::uint64_t>(random.between(0, 40)));
  } else if (kind == "stop") {
    says(n->name() + " is told to stop");
    n->stop();
  } else if (kind == "pause") {
    says(n->name() + " is paused");
    n->pause(true);
    after(50, random.one_in(3) ? 6'000 : 1'500, [n] { n->pause(false); });
  } else if (kind == "slow") {
    says(n->name() + " becomes slow");
    n->slow_down(random.between(1, 60));
    after(200, 4'000, [n] { n->slow_down(0); });
  } else if (kind == "slow_disk") {
    auto until = around_.time.now() + random.between(100, 3'000);
    says("the disk of " + n->name() + " stalls");
    around_.actors.hold(n->number(), random.one_in(4) ? part::snapshotter : part::wal_writer, until);
    around_.time.at(until, [] {});
  } else if (kind == "bad_sync") {
    says("a sync of " + n->name() + " will fail");
    n->disk.fail(file_op::sync, static_cast<std::uint64_t>(random.between(1, 12)), errc::io_error);
    n->disk_damaged = true;
  } else if (kind == "full_disk") {
    fill_disk();
  } else if (kind == "bit_rot") {
    rot();
  } else if (kind == "part") {
    part();
  } else if (kind == "one_way") {
    part_one_way();
  } else if (kind == "isolate") {
    cut_off(*n);
  } else if (kind == "flaky") {
    turn_flaky();
  } else if (kind == "clock") {
    jump_clock();
  } else if (kind == "transfer") {
    ask_for_transfer();
  } else if (kind == "snapshot") {
    ask_for_snapshot();
  } else if (kind == "members") {
    change_members();
  } else if (kind == "lost_disk") {
    lose_disk();
  } else if (kind == "kill_index") {
    n->kill_part(random.pick(std::vector<troupe::simulation::part>{
        simulation::part::indexer, simulation::part::embedder, simulation::part::worker}));
  } else if (kind == "reopening") {
    // Every node goes down at once and comes back.
    for (auto& each : nodes_)
      if (each->runs()) crash(*each, random.one_in(2) ? crash_mode::reorder : crash_mode::drop_unsynced);
  }
}

void cluster::cut_off(node& n) {
  around_.say("fault: " + n.name() + " is cut off");
  for (auto& other : nodes_)
    if (other.get() != &n)
      around_.wires.cut(n.number(), other->number()), around_.wires.cut(other->number(), n.number());
  after(200, 5'000, [this] { around_.wires.heal(); });
}

void cluster::part() {
  std::string side;
  std::vector<bool> left;
  for (auto& n : nodes_) {
    left.push_back(around_.random.one_in(2));
    if (left.back()) side += " " + n->name();
  }
  around_.say("fault: parted:" + side);
  for (auto& a : nodes_)
    for (auto& b : nodes_)
      if (left[a->number()] != left[b->number()]) around_.wires.cut(a->number(), b->number());
  after(200, 5'000, [this] { around_.wires.heal(); });
}

void cluster::part_one_way() {
  auto* n = victim();
  bool deaf = around_.random.one_in(2);
  around_.say("fault: " + n->name() + (deaf ? " hears nobody" : " is heard by nobody"));
  for (auto& other : nodes_) {
    if (other.get() == n || around_.random.one_in(4)) continue;
    if (deaf)
      around_.wires.cut(other->number(), n->number());
    else
      around_.wires.cut(n->number(), other->number());
  }
  auto* led = leader();
  after(200, 5'000, [this, led] {
    around_.wires.heal();
    if (auto* now = leader(); led && now && now != led)
      around_.reached("another leader after a one-way partition");
  });
}

void cluster::turn_flaky() {
  auto& random = around_.random;
  weather w = calm_;
  w.delay_max_ms = random.pick(std::vector<std::int64_t>{2, 20, 150, 600});
  w.lost_permille = static_cast<unsigned>(random.pick(std::vector<std::int64_t>{0, 10, 100, 300}));
  w.repeated_permille = static_cast<unsigned>(random.pick(std::vector<std::int64_t>{0, 50, 200}));
  w.reorders = random.one_in(2);
  around_.say("fault: the network turns flaky, delay up to " + std::to_string(w.delay_max_ms) + " ms, lost " +
              std::to_string(w.lost_permille) + ", repeated " + std::to_string(w.repeated_permille));
  around_.wires.set(w);
  after(500, 4'000, [this] { around_.wires.set(calm_); });
}

/// Forward only, as when the machine under a virtual one slept: nodes read no clock that can be set back.
void cluster::jump_clock() {
  auto* n = victim();
  auto& random = around_.random;
  bool far = random.one_in(4);
  auto by = far ? beyond_sessions_ms : random.between(1, 10'000);
  may_forget_ = may_forget_ || far;
  around_.say("fault: the clock of " + n->name() + " jumps by " + std::to_string(by) + " ms");
  n->step_clock(by);
}

void cluster::fill_disk() {
  auto* n = victim();
  n->disk_damaged = true;
  auto left = static_cast<std::uint64_t>(around_.random.between(0, 30'000));
  around_.say("fault: the disk of " + n->name() + " is full in " + std::to_string(left) + " bytes");
  n->disk.set_capacity(n->disk.bytes_used() + left);
  after(500, 4'000, [this, n] {
    around_.say("the disk of " + n->name() + " has space again");
    n->disk.set_capacity(fault_file_system::unlimited);
  });
}

void cluster::rot() {
  auto* n = victim();
  if (rotten_ && rotten_ != n) return;
  auto files = n->disk.files();
  std::erase_if(files, [](auto& f) { return !f.ends_with(".wal") && !f.ends_with(".snap"); });
  std::erase_if(files, [&](auto& f) { return !f.starts_with(n->folder() + "/"); });
  if (files.empty()) return;
  auto& path = around_.random.pick(files);
  auto content = n->disk.durable_content(path);
  if (path.ends_with(".wal")) {
    auto used = content.find_last_not_of('\0') + 1;
    content.resize(used > later_content_bytes ? used - later_content_bytes : 0);
  }
  if (content.empty()) return;
  rotten_bit b{
      path, around_.random.below(content.size()), static_cast<unsigned>(around_.random.below(8)), {}};
  around_.say("fault: a bit of " + n->name() + " rots in " + path + " at " + std::to_string(b.offset));
  n->disk.flip_bit(b.path, b.offset, b.bit);
  b.content = n->disk.content(b.path);
  if (b.path.ends_with(".wal")) b.content.resize(b.offset + 1);
  n->disk_damaged = true;
  rotten_ = n;
  rotten_bits_.push_back(b);
  if (around_.random.one_in(2)) crash(*n, crash_mode::drop_unsynced);
}

void cluster::ask_for_transfer() {
  auto* n = any_running();
  auto* to = any_running();
  around_.say("leadership is asked of " + n->name());
  admin(*n, {0, 2'000, transfer_request{around_.random.one_in(2) ? node_id{} : node_id{to->name()}}});
}

void cluster::ask_for_snapshot() {
  admin(*any_running(), {0, 3'000, snapshot_now_request{}});
}

/// Whoever waits is added, learners are promoted, members are removed, and what was removed comes back.
void cluster::change_members() {
  auto* l = leader();
  auto* asked = any_running();
  if (!l || !asked) return;
  auto& random = around_.random;
  auto status = l->status();
  auto ask = [&](member_action action, const node_id& id) {
    around_.say("asked of " + asked->name() + ": " + std::string(to_string(action)) + " " + id.name);
    admin(*asked, {0, 3'000, member_request{action, id, {}}});
  };
  if (lost_) {
    if (!lost_->runs()) return;
    ask(member_action::replace, node_id{lost_->name()});
    // Not before it holds what is committed may another disk be lost.
    auto* machine = lost_->machine();
    bool back = machine && lost_->status().role != node_role::forming && machine->applied() >= status.commit;
    if (back) lost_ = nullptr, around_.reached("lost disk replaced");
    return;
  }
  if (!status.waiting.empty() && random.one_in(2))
    return ask(member_action::add, random.pick(status.waiting).id);
  auto& m = random.pick(status.members);
  std::size_t voters = 0;
  for (auto& other : status.members)
    voters += other.voter;
  if (!m.voter && !random.one_in(5)) return ask(member_action::promote, m.id);
  if (m.voter && voters <= 3) return;
  for (auto& n : nodes_)
    if (n->name() == m.id.name) n->removal_asked = true;
  ask(member_action::remove, m.id);
}

void cluster::mend_members() {
  if (!lost_) return;
  change_members();
  around_.time.in(700, [this] { mend_members(); });
}

/// A follower loses what it had; it is replaced under its own name. The voters that are left have to be a
/// majority, or nothing could replace it.
void cluster::lose_disk() {
  auto* n = victim();
  auto* l = leader();
  if (lost_ || !l || n == l) return;
  auto all = l->status().members;
  auto voters = std::count_if(all.begin(), all.end(), [](auto& m) { return m.voter; });
  auto is_n = [&](auto& m) { return m.id.name == n->name(); };
  if (voters < 3 || std::none_of(all.begin(), all.end(), is_n)) return;
  around_.say("fault: the disk of " + n->name() + " is lost");
  n->kill(crash_mode::drop_unsynced);
  n->replace_disk();
  n->removal_asked = true;
  lost_ = n;
  restart_later(*n);
}

} // namespace troupe::simulation
