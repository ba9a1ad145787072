#include "tests/sim/node.hpp"

#include "actors/indexer_driver.hpp"
#include "actors/raft_driver.hpp"

#include <algorithm>
#include <utility>

namespace troupe::simulation {

namespace {

/// Null when the actor has ended, and its state with it.
template <class State, class Handle>
const State* state_of(const Handle& handle) {
  using base = typename Handle::template stateful_base<State>;
  auto* actor = caf::actor_cast<caf::abstract_actor*>(handle);
  if (!actor || actor->getf(caf::abstract_actor::is_cleaned_up_flag)) return nullptr;
  return &static_cast<base*>(actor)->state;
}

} // namespace

node::node(surroundings& around, node_plan plan)
    : disk(around.random.next()), around_(around), plan_(std::move(plan)),
      number_(around.wires.add({
          [this] { return runs(); },
          [this] { return paused(); },
          [this] { return life_; },
          [this](unsigned peer, bool up, std::uint64_t connection) { link_changed(peer, up, connection); },
          [this](unsigned peer, storage_id storage, std::vector<peer_message> m) {
            caf::anon_send(parts_->raft, peer_input{node_id{plan_.names[peer]}, storage, std::move(m)});
          },
          [this](unsigned peer, raft::formation_message m) {
            caf::anon_send(parts_->formation,
                           formation_received{address_of(plan_.names[peer]), std::move(m)});
          },
      })) {}

node::~node() {
  if (running_) kill(crash_mode::keep_all);
}

bool node::start() {
  refused_.reset();
  ending_.reset();
  open_data_options o;
  o.folder = folder();
  o.self = node_id{plan_.name};
  o.fresh_storage = storage_id{1 + folders_, number_ + 1};
  o.reserve_bytes = plan_.reserve_bytes;
  o.segment_bytes = plan_.segment_bytes;
  o.tail_bytes = plan_.raft.core.tail_bytes_max;
  auto opened = open_data(disk, o);
  if (auto* cannot = std::get_if<cannot_start>(&opened)) {
    refused_ = *cannot;
    around_.say(name() + " does not start: " + cannot->why);
    return false;
  }
  auto data = std::make_shared<opened_data>(std::move(std::get<opened_data>(opened)));
  if (data->notes.find("unfinished write") != std::string::npos) around_.reached("torn tail cut at recovery");
  if (data->notes.find("damaged snapshot") != std::string::npos)
    around_.reached("damaged snapshot left aside");
  around_.say(name() + " starts" + (data->notes.empty() ? "" : ": " + data->notes));
  ++life_;
  running_ = true;
  ticks_ = 0;
  slow_ms_ = 0;
  parts_killed_ = 0;
  applied_seen_ = data->state->applied();
  led_term_ = {};
  commit_seen_ = {};
  receiving_in_ = {};
  disk_full_ = false;
  around_.check.restarted(name(), data->recovered ? &*data->recovered : nullptr);
  syncs_seen_ = disk.operations(file_op::sync);
  pause(false);
  parts_ = std::make_shared<parts>();
  folder_.emplace(std::move(data->folder));
  supervisor_options so;
  so.children = children(data);
  so.give_way = [p = parts_](const supervisor_actor& boss) { caf::anon_send(p->raft, give_way{boss}); };
  so.ended = [this](exit_code code, const std::string& why) { ending_ = ending{code, why}; };
  supervisor_ = caf::actor_cast<caf::actor>(spawn(part::supervisor, supervisor, std::move(so)));
  around_.actors.run_first(supervisor_);
  schedule_tick();
  return true;
}

void node::link_changed(unsigned peer, bool up, std::uint64_t connection) {
  auto address = address_of(plan_.names[peer]);
  auto link = parts_->links.find(address);
  if (!up) {
    if (link != parts_->links.end()) caf::anon_send(link->second, link_ack{});
    return;
  }
  link_hello hello{peer_protocol_version, address, address_of(name()), 1, connection};
  // The keeper makes the link of a node that comes by itself.
  caf::anon_send(parts_->keeper, hello, caf::strong_actor_ptr{});
}

void node::replace_disk() {
  ++folders_;
  joins_ = true;
  removal_asked = false;
  around_.check.forget(name());
}

void node::kill(crash_mode mode) {
  if (running_) {
    running_ = false;
    // Whatever an actor still does while it ends must not reach the disk.
    disk.power_off_after(0);
    for (auto& a : owned_)
      caf::anon_send_exit(a, caf::exit_reason::kill);
    around_.actors.run_owner(number_);
    owned_.clear();
    supervisor_ = nullptr;
    parts_.reset();
    around_.wires.gone(number_);
    folder_.reset();
    pause(false);
  }
  ending_.reset();
  disk.crash(mode);
}

void node::stop() {
  caf::anon_send(caf::actor_cast<supervisor_actor>(supervisor_), stop_node{});
}

bool node::kill_part(part what) {
  if (!plan_.model || parts_killed_ == restarts_of_parts) return false;
  ++parts_killed_;
  auto kill = [](auto& handle) {
    if (handle) caf::anon_send_exit(handle, caf::exit_reason::kill);
  };
  if (what == part::indexer) kill(parts_->indexer);
  if (what == part::embedder) kill(parts_->embedder);
  if (what == part::worker) kill(parts_->values);
  return true;
}

void node::ask(const caf::actor& from, request_batch batch) {
  caf::anon_send(parts_->raft, std::move(batch), caf::actor_cast<answer_sink_actor>(from));
}

void node::ask_endpoint(const caf::actor& from, std::string payload) {
  caf::actor_cast<caf::actor>(parts_->endpoint)
      ->enqueue(caf::actor_cast<caf::strong_actor_ptr>(from), caf::make_message_id(),
                caf::make_message(client_requests{client_protocol_version, std::move(payload)}), nullptr);
}

cluster_status node::status() const {
  auto* s = state_of<raft_state>(parts_->raft);
  return s && s->driver ? s->driver->status() : cluster_status{};
}

bool node::leads() const {
  return status().role == node_role::leader;
}

const storage::state_machine* node::machine() const {
  auto* s = runs() ? state_of<storage_state>(parts_->storage) : nullptr;
  return s ? s->machine.get() : nullptr;
}

const search::engine* node::index() const {
  auto* s = state_of<indexer_state>(parts_->indexer);
  return s && s->driver ? s->driver->engine() : nullptr;
}

void node::turn_ended(stage::player& p) {
  if (!running_) return;
  if (p.what == part::raft) watch_raft();
  if (p.what == part::storage) watch_state();
  auto syncs = disk.operations(file_op::sync);
  std::int64_t takes = syncs != syncs_seen_ ? around_.random.between(0, plan_.sync_ms_max) : 0;
  syncs_seen_ = syncs;
  if (slow_ms_ != 0) takes += around_.random.between(0, slow_ms_);
  if (takes == 0) return;
  p.not_before = around_.time.now() + takes;
  around_.time.at(p.not_before, [] {});
}

void node::watch_raft() {
  auto s = status();
  if (s.role != node_role::leader) return;
  if (s.commit > commit_seen_) {
    commit_seen_ = s.commit;
    std::vector<std::string> voters;
    for (auto& m : s.members)
      if (m.voter) voters.push_back(m.id.name);
    around_.check.committing(name(), s.term, s.commit, voters);
  }
  if (s.term == led_term_) return;
  led_term_ = s.term;
  around_.check.leading(name(), s.term);
  around_.reached("leader elected");
  if (around_.wires.any_cut()) around_.reached("leader elected during a partition");
  around_.say(name() + " leads term " + std::to_string(s.term.value));
}

/// Every few entries, where all nodes choose the same ones; each would take too long.
void node::watch_state() {
  auto* m = machine();
  if (!m || m->applied() == applied_seen_) return;
  applied_seen_ = m->applied();
  constexpr std::uint64_t every = 16;
  if (applied_seen_.value % every == 0) around_.check.state_reached(name(), applied_seen_, m->digest());
}

std::int64_t node::local_ms() const {
  return 1'000 + ahead_ms_ + around_.time.now() * plan_.clock_permille / 1'000;
}

void node::schedule_tick() {
  auto period = std::max<std::int64_t>(1, plan_.raft.tick_ms * 1'000 / plan_.clock_permille);
  around_.time.in(period, [this, life = life_] {
    if (life != life_ || !running_) return;
    if (!paused()) tick();
    schedule_tick();
  });
}

void node::tick() {
  auto local = local_ms();
  troupe::tick t{local};
  caf::anon_send(parts_->raft, t);
  caf::anon_send(parts_->storage, t);
  if (parts_->indexer) {
    caf::anon_send(parts_->indexer, t);
    caf::anon_send(parts_->embedder, t);
  }
  auto per_second = static_cast<std::uint64_t>(1'000 / plan_.raft.tick_ms);
  if (ticks_ % per_second == 0) caf::anon_send(parts_->wal, t);
  if (ticks_ % std::max<std::uint64_t>(1, per_second / 4) == 0) {
    caf::anon_send(parts_->formation, t);
    caf::anon_send(parts_->keeper, t);
  }
  ++ticks_;
}

} // namespace troupe::simulation
