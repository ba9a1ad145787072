#include "tests/sim/node.hpp"

#include "actors/embed_worker.hpp"
#include "actors/indexer_driver.hpp"
#include "actors/log_reader.hpp"
#include "actors/raft_driver.hpp"
#include "actors/snapshotter.hpp"
#include "actors/wal_writer.hpp"
#include "tests/actors/fake_model.hpp"

#include <algorithm>
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

/// Stands for peer_link at the node's side. A hello says that the network has connected it, an
/// acknowledgement that the connection is gone; in real life it finds out itself.
peer_link_actor::behavior_type wire(peer_link_actor::pointer self, network* wires, unsigned from, unsigned to,
                                    std::uint64_t life, std::string address, formation_actor formation) {
  return {
      [=](const link_hello& hello,
          const caf::strong_actor_ptr&) -> caf::result<link_hello, caf::strong_actor_ptr> {
        self->send(formation, link_state{address, true, hello.connection});
        return {hello, caf::actor_cast<caf::strong_actor_ptr>(self)};
      },
      [](const link_frame&) {},
      [=](const link_ack&) {
        self->send(formation, link_state{address, false});
      },
      [=](const link_send& out) { wires->send(from, to, life, out); },
      [=](const link_send_formation& out) { wires->send_formation(from, to, life, out.message); },
      [=](const link_identity& who) { wires->identified(from, to, life, who); },
      [](const tick&) {},
  };
}

template <class T>
const T* as(const caf::type_erased_tuple& message) {
  return message.size() > 0 && message.match_element<T>(0) ? &message.get_as<T>(0) : nullptr;
}

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

std::vector<child_spec> node::children(const std::shared_ptr<opened_data>& data) {
  std::vector<child_spec> out;
  add_cores(out, data);
  add_links(out);
  if (plan_.model) add_search(out);
  out.push_back({"client_endpoint", [this](const supervisor_actor&) {
                   parts_->endpoint = spawn(part::endpoint, client_endpoint, plan_.endpoint, parts_->raft);
                   caf::anon_send(parts_->endpoint, links_ready{{}, parts_->keeper});
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
                   o.lease_clock_us = [this] { return local_ms() * 1'000; };
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
  auto raft = [this] { return parts_ ? caf::actor_cast<caf::actor>(parts_->raft) : caf::actor{}; };
  auto answers = stage.tap_later(raft, [this](const caf::type_erased_tuple& m) {
    if (auto* notice = as<persisted_notice>(m)) around_.check.durable(name(), *notice);
    if (auto* done = as<log_reset_done>(m)) around_.check.durable(name(), *done);
    if (auto* c = as<log_condition>(m); c && c->disk_full != disk_full_) {
      disk_full_ = c->disk_full;
      around_.reached(disk_full_ ? "log refuses writes: the disk is full"
                                 : "log goes on: the disk has space");
    }
  });
  auto to_wal = [this](const caf::type_erased_tuple& m) {
    if (auto* batch = as<raft::persist_batch>(m)) {
      around_.check.persisting(name(), *batch);
      if (batch->truncate_from) around_.reached("suffix truncated");
    } else if (auto* reset = as<log_reset>(m)) {
      around_.check.resetting(name(), *reset);
      around_.reached("snapshot installed");
      if (receiving_again_) around_.reached("snapshot installed across a change of leader");
      receiving_in_ = {};
    } else if (as<log_compaction>(m)) {
      around_.reached("log compacted behind a snapshot");
    }
  };
  out.wal = stage.tap(real.wal, to_wal, answers);
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
    if (chunk->offset != 0) return around_.reached("snapshot chunk after the first");
    // Whoever leads next begins again.
    auto term = status().term;
    receiving_again_ = receiving_in_ && receiving_in_ != term;
    receiving_in_ = term;
  });
  return out;
}

std::vector<std::string> node::known_addresses() const {
  std::vector<std::string> out;
  for (auto& other : plan_.founders)
    out.push_back(address_of(other));
  if (std::find(out.begin(), out.end(), address_of(name())) == out.end()) out.push_back(address_of(name()));
  std::sort(out.begin(), out.end());
  return out;
}

void node::add_links(std::vector<child_spec>& out) {
  out.push_back({"links", [this](const supervisor_actor&) {
                   link_keeper_options o;
                   for (auto& address : known_addresses())
                     if (address != address_of(name())) o.addresses.insert(address);
                   o.make = [this, p = parts_.get()](const std::string& address) {
                     auto other = std::find(plan_.names.begin(), plan_.names.end(),
                                            address.substr(0, address.find(':')));
                     if (other == plan_.names.end() || *other == name()) return peer_link_actor{};
                     auto to = static_cast<unsigned>(other - plan_.names.begin());
                     auto link =
                         spawn(part::link, wire, &around_.wires, number_, to, life_, address, p->formation);
                     p->links[address] = link;
                     return link;
                   };
                   parts_->keeper = spawn(part::link, link_keeper, std::move(o), parts_->formation);
                   return caf::actor_cast<caf::actor>(parts_->keeper);
                 }});
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
    around_.check.committing(name(), s.commit, voters);
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
  if (ticks_ % std::max<std::uint64_t>(1, per_second / 4) == 0) {
    caf::anon_send(parts_->formation, t);
    caf::anon_send(parts_->keeper, t);
  }
  ++ticks_;
}

} // namespace troupe::simulation
