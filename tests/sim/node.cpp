#include "tests/sim/node.hpp"

#include "actors/embed_worker.hpp"
#include "actors/indexer_driver.hpp"
#include "actors/log_reader.hpp"
#include "actors/raft_driver.hpp"
#include "actors/snapshotter.hpp"
#include "actors/wal_writer.hpp"
#include "tests/actors/fake_model.hpp"

#include <utility>

namespace troupe::simulation {

namespace {

std::string address_of(const std::string& name) {
  return name + ":7000";
}

/// As node/blueprint.cpp has it.
constexpr unsigned restarts_of_search = 3;
/// Wall clocks begin here.
constexpr std::int64_t epoch_ms = 1'700'000'000'000;

/// Stands for peer_link at the node's side.
peer_link_actor::behavior_type wire(peer_link_actor::pointer, network* wires, unsigned from, unsigned to,
                                    std::uint64_t life) {
  return {
      [](const link_hello&, const caf::strong_actor_ptr&) -> caf::result<link_hello, caf::strong_actor_ptr> {
        return caf::make_error(caf::sec::invalid_argument);
      },
      [](const link_frame&) {},
      [](const link_ack&) {},
      [=](const link_send& out) { wires->send(from, to, life, out); },
      [=](const link_send_formation& out) { wires->send_formation(from, to, life, out.message); },
      [=](const link_identity&) { wires->identified(from, to, life); },
      [](const tick&) {},
  };
}

template <class T>
const T* as(const caf::type_erased_tuple& message) {
  return message.size() > 0 && message.match_element<T>(0) ? &message.get_as<T>(0) : nullptr;
}

template <class Handle, class State>
const State& state_of(const Handle& handle) {
  using base = typename Handle::template stateful_base<State>;
  return static_cast<base*>(caf::actor_cast<caf::abstract_actor*>(handle))->state;
}

} // namespace

node::node(surroundings& around, node_plan plan)
    : disk(around.random.next()), around_(around), plan_(std::move(plan)),
      number_(around.wires.add({
          [this] { return runs(); },
          [this] { return paused(); },
          [this] { return life_; },
          [this](unsigned peer, bool up) {
            link_state l{address_of(plan_.names[peer]), up};
            caf::anon_send(parts_->formation, l);
          },
          [this](unsigned peer, std::vector<peer_message> m) {
            caf::anon_send(parts_->raft, peer_input{node_id{plan_.names[peer]}, std::move(m)});
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
  o.folder = "/data";
  o.self = node_id{plan_.name};
  o.fresh_storage = storage_id{1, number_ + 1};
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

std::vector<child_spec> node::children(const std::shared_ptr<opened_data>& data) {
  std::vector<child_spec> out;
  add_cores(out, data);
  add_links(out);
  if (plan_.model) add_search(out);
  out.push_back({"client_endpoint", [this](const supervisor_actor&) {
                   parts_->endpoint = spawn(part::endpoint, client_endpoint, plan_.endpoint, parts_->raft);
                   caf::anon_send(parts_->endpoint, links_ready{parts_->links});
                   return caf::actor_cast<caf::actor>(parts_->endpoint);
                 }});
  return out;
}

void node::add_cores(std::vector<child_spec>& out, const std::shared_ptr<opened_data>& data) {
  auto incarnation = incarnation_t{(number_ + 1) * 1'000 + life_};
  auto p = parts_;
  auto facts = facts_of(*data->state);
  out.push_back({"storage", [=, this](const supervisor_actor&) {
                   auto o = plan_.storage;
                   o.incarnation = incarnation;
                   p->storage = p->cores.storage =
                       spawn(part::storage, storage_keeper, std::exchange(data->state, nullptr), o);
                   return caf::actor_cast<caf::actor>(p->storage);
                 }});
  out.push_back({"log_reader", [=, this](const supervisor_actor& boss) {
                   auto reader = std::make_shared<storage::log_reader>(
                       disk, data->log->map(), storage::wal_options{}.record_bytes_max);
                   p->cores.log = spawn(part::log_reader, log_reader, reader, boss);
                   return caf::actor_cast<caf::actor>(p->cores.log);
                 }});
  out.push_back({"wal_writer", [=, this](const supervisor_actor& boss) {
                   auto log = std::make_shared<std::unique_ptr<storage::wal>>(std::move(data->log));
                   p->wal = p->cores.wal = spawn(part::wal_writer, wal_writer, log, data->last_term, boss);
                   return caf::actor_cast<caf::actor>(p->wal);
                 }});
  out.push_back({"snapshotter", [=, this](const supervisor_actor& boss) {
                   p->cores.snapshotter =
                       spawn(part::snapshotter, snapshotter, static_cast<file_system*>(&disk),
                             folder_->snapshot_folder(), data->newest_snapshot, p->storage, boss);
                   return caf::actor_cast<caf::actor>(p->cores.snapshotter);
                 }});
  out.push_back({"raft", [=, this](const supervisor_actor&) {
                   auto o = plan_.raft;
                   o.self = node_id{plan_.name};
                   o.incarnation = incarnation;
                   o.seed = around_.random.next();
                   raft_start start{std::move(data->recovered), facts};
                   p->raft = spawn(part::raft, raft_node, o, watched(p->cores), std::move(start));
                   return caf::actor_cast<caf::actor>(p->raft);
                 }});
  out.push_back(
      {"formation", [=, this](const supervisor_actor& boss) {
         formation_options o;
         o.files = &disk;
         o.data_folder = "/data";
         o.identity = data->identity;
         o.record = data->record;
         o.self = {node_id{name()}, data->identity.storage, address_of(name()), name() + ":8000", true};
         for (auto& other : plan_.names)
           o.addresses.push_back(address_of(other));
         o.fresh_cluster = cluster_id{9, number_ + 1};
         p->formation = spawn(part::formation, formation, o, p->raft, boss);
         return caf::actor_cast<caf::actor>(p->formation);
       }});
}

/// The actors that raft gives work to, behind taps through which the observer sees what it gives them.
raft_peers node::watched(const raft_peers& real) {
  auto& stage = around_.actors;
  raft_peers out;
  out.wal = stage.tap(real.wal, [this](const caf::type_erased_tuple& m) {
    if (auto* batch = as<raft::persist_batch>(m)) {
      around_.check.persisting(name(), *batch);
      if (batch->truncate_from) around_.reached("suffix truncated");
    } else if (as<log_reset>(m)) {
      around_.reached("snapshot installed");
      if (status().term != receiving_in_) around_.reached("snapshot installed across a change of leader");
    } else if (as<log_compaction>(m)) {
      around_.reached("log compacted behind a snapshot");
    }
  });
  out.storage = stage.tap(real.storage, [this](const caf::type_erased_tuple& m) {
    if (auto* batch = as<apply_batch>(m)) around_.check.applying(name(), batch->entries);
    if (auto* reads = as<query_batch>(m); reads && reads->index)
      around_.reached(leads() ? "linearizable read at the leader" : "linearizable read at a follower");
  });
  out.log = stage.tap(real.log, [this](const caf::type_erased_tuple& m) {
    if (auto* load = as<raft::load_request>(m))
      around_.reached(load->who ? "entries read from disk for a follower"
                                : "entries read from disk to be applied");
  });
  out.snapshotter = stage.tap(real.snapshotter, [this](const caf::type_erased_tuple& m) {
    auto* chunk = as<raft::incoming_chunk>(m);
    if (!chunk) return;
    if (chunk->offset == 0)
      receiving_in_ = status().term;
    else
      around_.reached("snapshot chunk after the first");
  });
  return out;
}

void node::add_links(std::vector<child_spec>& out) {
  auto p = parts_;
  for (unsigned to = 0; to < plan_.names.size(); ++to) {
    if (to == number_) continue;
    out.push_back({"peer_link " + plan_.names[to], [=, this](const supervisor_actor&) {
                     auto link = spawn(part::link, wire, &around_.wires, number_, to, life_);
                     p->links[address_of(plan_.names[to])] = link;
                     if (p->links.size() + 1 == plan_.names.size())
                       caf::anon_send(p->formation, links_ready{p->links});
                     return caf::actor_cast<caf::actor>(link);
                   }});
  }
}

void node::add_search(std::vector<child_spec>& out) {
  auto p = parts_;
  auto worker = [&](const char* title, embed_worker_actor parts::*which) {
    out.push_back({title,
                   [=, this](const supervisor_actor&) {
                     embed_worker_options o;
                     o.make = [dimension = plan_.model->dimension] {
                       return test::fake_model::make(dimension);
                     };
                     p.get()->*which = spawn(part::worker, embed_worker, o);
                     return caf::actor_cast<caf::actor>(p.get()->*which);
                   },
                   restarts_of_search,
                   [p] {
                     caf::anon_send_exit(p->embedder, caf::exit_reason::kill);
                     caf::anon_send_exit(p->indexer, caf::exit_reason::kill);
                   }});
  };
  worker("embed_worker queries", &parts::queries);
  worker("embed_worker values", &parts::values);
  auto announce = [p] { caf::anon_send(p->raft, search_parts{p->indexer, p->embedder}); };
  auto raft = [p] { return caf::actor_cast<caf::strong_actor_ptr>(p->raft); };
  out.push_back({"embedder",
                 [=, this](const supervisor_actor&) {
                   embedder_options o;
                   o.model = *plan_.model;
                   o.batch_values = 3;
                   p->embedder =
                       spawn(part::embedder, embedder, o, raft(), p->storage, p->queries, p->values);
                   return caf::actor_cast<caf::actor>(p->embedder);
                 },
                 restarts_of_search,
                 [=, this] {
                   around_.reached("embedder started again");
                   announce();
                 }});
  out.push_back({"indexer",
                 [=, this](const supervisor_actor&) {
                   indexer_options o;
                   o.model = *plan_.model;
                   o.pull_bytes = 2 * 1024;
                   o.seed = life_ * 100 + number_;
                   p->indexer = spawn(part::indexer, indexer, o, p->storage, p->queries, raft());
                   announce();
                   return caf::actor_cast<caf::actor>(p->indexer);
                 },
                 restarts_of_search,
                 [=, this] {
                   around_.reached("indexer started again");
                   announce();
                 }});
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
  if (!plan_.model || parts_killed_ == restarts_of_search) return false;
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
  auto& driver = state_of<raft_actor, raft_state>(parts_->raft).driver;
  return driver ? driver->status() : cluster_status{};
}

bool node::formed() const {
  return status().cluster != cluster_id{};
}

bool node::leads() const {
  return status().role == node_role::leader;
}

const storage::state_machine& node::machine() const {
  return *state_of<storage_actor, storage_state>(parts_->storage).machine;
}

const search::engine* node::index() const {
  if (!parts_->indexer) return nullptr;
  auto& driver = state_of<indexer_actor, indexer_state>(parts_->indexer).driver;
  return driver ? driver->engine() : nullptr;
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
  auto& driver = state_of<raft_actor, raft_state>(parts_->raft).driver;
  if (!driver) return;
  auto s = driver->status();
  around_.check.committed_at(name(), s.commit, s.last);
  if (s.role != node_role::leader || s.term == led_term_) return;
  led_term_ = s.term;
  around_.check.leading(name(), s.term);
  around_.reached("leader elected");
  if (around_.wires.any_cut()) around_.reached("leader elected during a partition");
  around_.say(name() + " leads term " + std::to_string(s.term.value));
}

/// Every few entries, where all nodes choose the same ones; each would take too long.
void node::watch_state() {
  auto& m = machine();
  if (m.applied() == applied_seen_) return;
  applied_seen_ = m.applied();
  constexpr std::uint64_t every = 16;
  if (applied_seen_.value % every == 0) around_.check.state_reached(name(), applied_seen_, m.digest());
}

std::int64_t node::local_ms() const {
  return 1'000 + around_.time.now() * plan_.clock_permille / 1'000;
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
  troupe::tick t{local, epoch_ms + local + wall_ms_};
  caf::anon_send(parts_->raft, t);
  caf::anon_send(parts_->storage, t);
  if (parts_->indexer) {
    caf::anon_send(parts_->indexer, t);
    caf::anon_send(parts_->embedder, t);
  }
  auto per_second = static_cast<std::uint64_t>(1'000 / plan_.raft.tick_ms);
  if (ticks_ % per_second == 0) caf::anon_send(parts_->wal, t);
  if (ticks_ % std::max<std::uint64_t>(1, per_second / 4) == 0) caf::anon_send(parts_->formation, t);
  ++ticks_;
}

} // namespace troupe::simulation
