// The actors of a node: which there are, and what is seen of the messages between them.

#include "actors/embed_worker.hpp"
#include "actors/log_reader.hpp"
#include "actors/snapshotter.hpp"
#include "actors/wal_writer.hpp"
#include "tests/actors/fake_model.hpp"
#include "tests/sim/node.hpp"

#include <algorithm>
#include <utility>

namespace troupe::simulation {

namespace {

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

} // namespace

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
         o.data_folder = folder();
         o.join = joins_;
         o.identity = data->identity;
         o.record = data->record;
         o.self = {node_id{name()}, data->identity.storage, address_of(name()), name() + ":8000", true};
         o.addresses = known_addresses();
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
                   restarts_of_parts,
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
                 restarts_of_parts,
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
                 restarts_of_parts,
                 [=, this] {
                   around_.reached("indexer started again");
                   announce();
                 }});
}

} // namespace troupe::simulation
