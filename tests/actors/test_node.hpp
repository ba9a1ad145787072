#pragma once

// A whole node under the deterministic scheduler, on a disk of its own that can lose power, and wires to
// other such nodes.

#include "actors/embed_worker.hpp"
#include "actors/embedder.hpp"
#include "actors/formation.hpp"
#include "actors/indexer.hpp"
#include "actors/indexer_driver.hpp"
#include "actors/link_keeper.hpp"
#include "actors/log_reader.hpp"
#include "actors/raft.hpp"
#include "actors/snapshotter.hpp"
#include "actors/storage.hpp"
#include "actors/wal_writer.hpp"
#include "base/fault_file.hpp"
#include "node/open_data.hpp"
#include "tests/actors/fake_model.hpp"
#include "tests/actors/samples.hpp"
#include "tests/actors/stage.hpp"

#include <map>
#include <memory>
#include <set>
#include <string>
#include <utility>
#include <variant>
#include <vector>

namespace troupe::test {

/// Who can reach whom. Messages of a direction that is cut vanish, as on a network that says nothing.
struct wiring {
  std::map<std::string, raft_actor> rafts;
  std::map<std::string, formation_actor> formations;
  std::map<std::string, storage_id> storages;
  std::set<std::pair<std::string, std::string>> cut;

  bool passes(const std::string& from, const std::string& to) const {
    return rafts.contains(to) && !cut.contains({from, to});
  }
};

inline std::string address_of(const std::string& name) {
  return name + ":7000";
}

/// Stands for peer_link, middleman and the other node's peer_link.
inline peer_link_actor::behavior_type wire(peer_link_actor::pointer self, std::shared_ptr<wiring> w,
                                           std::string from, std::string to) {
  return {
      [](const link_hello&, const caf::strong_actor_ptr&) -> caf::result<link_hello, caf::strong_actor_ptr> {
        return caf::make_error(caf::sec::invalid_argument);
      },
      [](const link_frame&) {},
      [](const link_ack&) {},
      [=](const link_send& out) {
        if (!w->passes(from, to)) return;
        auto messages = decode_peer_messages(encode_peer_messages(out.messages));
        ASSERT_TRUE(messages) << messages.error().detail;
        self->send(w->rafts[to], peer_input{node_id{from}, w->storages[from], std::move(*messages)});
      },
      [=](const link_send_formation& out) {
        if (w->passes(from, to))
          self->send(w->formations[to], formation_received{address_of(from), out.message});
      },
      [](const link_identity&) {},
      [](const tick&) {},
  };
}

class test_node {
public:
  test_node(stage& s, std::shared_ptr<wiring> w, std::string name, std::vector<std::string> names,
            std::uint64_t seed = 1)
      : disk(seed), supervisor(s), asker(s), s_(s), wiring_(std::move(w)), name_(std::move(name)),
        names_(std::move(names)), seed_(seed) {
    options.self = node_id{name_};
    http = name_ + ":8000";
    options.snapshot_keep_entries = 2;
  }
  ~test_node() { kill(); }
  test_node(const test_node&) = delete;

  /// False: refused says why.
  bool start() {
    supervisor.clear();
    open_data_options o;
    o.folder = folder_path();
    o.self = node_id{name_};
    o.fresh_storage = storage_id{1, seed_ * 100 + folders_};
    o.segment_bytes = 16u << 10;
    o.reserve_bytes = reserve_bytes;
    auto opened = open_data(disk, o);
    if (auto* cannot = std::get_if<cannot_start>(&opened)) {
      refused = *cannot;
      return false;
    }
    spawn_all(std::get<opened_data>(opened));
    return true;
  }
  bool runs() const { return !actors_.empty(); }

  /// kill -9: every actor ends where it stands. What the disk keeps is the disk's business.
  void kill() {
    wiring_->rafts.erase(name_);
    wiring_->formations.erase(name_);
    for (auto& a : actors_)
      caf::anon_send_exit(a, caf::exit_reason::kill);
    actors_.clear();
    keeper_ = nullptr;
    raft = nullptr;
    formation_ = nullptr;
    indexer_ = nullptr;
    embedder_ = nullptr;
    peers_ = {};
    s_.run();
    folder_.reset();
  }

  void link(const std::string& to, bool up) {
    if (!runs()) return;
    // The keeper makes a link to a stranger when that says hello.
    link_hello hello{peer_protocol_version, address_of(to), address_of(name_), 1, 1};
    if (up) supervisor.tell(keeper_, hello, supervisor.pointer());
    s_.run();
    supervisor.tell(formation_, link_state{address_of(to), up});
    s_.run();
  }
  /// One period of the ticker.
  void time_is(std::int64_t ms) {
    if (!runs()) return;
    supervisor.tell(raft, at_ms(ms));
    supervisor.tell(peers_.storage, at_ms(ms));
    if (indexer_) {
      supervisor.tell(indexer_, at_ms(ms));
      supervisor.tell(embedder_, at_ms(ms));
    }
    if (ms % 250 == 0) {
      supervisor.tell(peers_.wal, at_ms(ms));
      supervisor.tell(formation_, at_ms(ms));
      supervisor.tell(keeper_, at_ms(ms));
    }
  }

  /// Returns the request's number; the answer comes by and by.
  std::uint64_t ask(request r) {
    r.id = ++last_request_;
    request_batch batch;
    batch.requests.push_back(std::move(r));
    auto id = last_request_;
    asker.tell(raft, std::move(batch), asker.as<answer_sink_actor>());
    return id;
  }
  std::optional<answer> answer_to(std::uint64_t id) const {
    std::optional<answer> out;
    for (auto& b : asker.all<answer_batch>())
      for (auto& a : b.answers)
        if (a.id == id) {
          EXPECT_FALSE(out) << "answered twice";
          out = a;
        }
    return out;
  }
  cluster_status status() {
    auto id = ask({0, 1'000, status_request{}});
    s_.run();
    auto a = answer_to(id);
    return a ? std::get<cluster_status>(a->body) : cluster_status{};
  }
  bool leads() { return runs() && status().role == node_role::leader; }

  const std::string& name() const { return name_; }
  /// What told the node to stop; the test then kills it.
  std::optional<fatal_failure> told_to_stop() const {
    auto all = supervisor.all<fatal_failure>();
    return all.empty() ? std::nullopt : std::optional{all.front()};
  }
  /// The disk is lost; the node finds an empty folder at its next start. Precondition: it does not run.
  void replace_disk() { ++folders_; }

  /// What this node's index holds (search/engine.hpp, digest). Precondition: it searches, and its index has
  /// begun.
  std::string index_digest() const {
    using indexer_base = indexer_actor::stateful_base<indexer_state>;
    auto* self = static_cast<indexer_base*>(caf::actor_cast<caf::abstract_actor*>(indexer_));
    return self->state.driver->engine()->digest();
  }

  fault_file_system disk;
  probe supervisor;
  probe asker;
  raft_options options;
  /// The model in this node's cluster file. Set: the node searches and embeds.
  std::optional<embedding_model> model;
  std::uint64_t reserve_bytes = 0;   ///< of the disk; 0: none is held back
  std::size_t pull_bytes = 4 * 1024; ///< small, so that an index is brought forward in many portions
  std::optional<cannot_start> refused;
  bool join = false; ///< with an empty folder: waits to be added
  std::string http;  ///< where it says it can be reached by HTTP, at its next start
  raft_actor raft;

private:
  std::string folder_path() const { return folders_ ? "/data" + std::to_string(folders_) : "/data"; }
  template <class F, class... Ts>
  auto spawn(F f, Ts&&... xs) {
    auto handle = s_.system.spawn(f, std::forward<Ts>(xs)...);
    actors_.push_back(caf::actor_cast<caf::actor>(handle));
    return handle;
  }
  void spawn_all(opened_data& data) {
    auto boss = supervisor.as<supervisor_actor>();
    options.incarnation = incarnation_t{seed_ * 1'000 + ++lives_};
    options.seed = options.incarnation.value;
    options.join = join;
    storage_options so;
    so.incarnation = options.incarnation;
    auto facts = facts_of(*data.state);
    peers_.storage = spawn(storage_keeper, data.state, so);
    auto reader =
        std::make_shared<storage::log_reader>(disk, data.log->map(), storage::wal_options{}.record_bytes_max);
    peers_.log = spawn(log_reader, reader, boss);
    peers_.wal = spawn(wal_writer, std::make_shared<std::unique_ptr<storage::wal>>(std::move(data.log)),
                       data.last_term, boss);
    peers_.snapshotter = spawn(snapshotter, static_cast<file_system*>(&disk), data.folder.snapshot_folder(),
                               data.newest_snapshot, peers_.storage, boss);
    raft = spawn(raft_node, options, peers_, raft_start{std::move(data.recovered), facts});
    formation_options fo;
    fo.files = &disk;
    fo.data_folder = folder_path();
    fo.identity = data.identity;
    fo.record = data.record;
    fo.self = {node_id{name_}, data.identity.storage, address_of(name_), http, true};
    fo.join = join;
    link_keeper_options ko;
    for (auto& other : names_) {
      fo.addresses.push_back(address_of(other));
      if (other != name_) ko.addresses.insert(address_of(other));
    }
    ko.make = [this](const std::string& address) {
      return spawn(wire, wiring_, name_, address.substr(0, address.find(':')));
    };
    fo.fresh_cluster = cluster_id{9, seed_};
    formation_ = spawn(formation, fo, raft, boss);
    keeper_ = spawn(link_keeper, ko, formation_);
    if (model) spawn_search();
    wiring_->rafts[name_] = raft;
    wiring_->formations[name_] = formation_;
    wiring_->storages[name_] = data.identity.storage;
    folder_.emplace(std::move(data.folder));
    s_.run();
  }

  void spawn_search() {
    embed_worker_options wo;
    wo.make = [dimension = model->dimension] { return fake_model::make(dimension); };
    embed_worker_actor front;
    embed_worker_actor back;
    if (model->made_here()) front = spawn(embed_worker, wo), back = spawn(embed_worker, wo);
    embedder_options eo;
    eo.model = *model;
    eo.batch_values = 3;
    auto raft_pointer = caf::actor_cast<caf::strong_actor_ptr>(raft);
    embedder_ = spawn(embedder, eo, raft_pointer, peers_.storage, front, back);
    indexer_options io;
    io.model = *model;
    io.pull_bytes = pull_bytes;
    io.seed = options.incarnation.value;
    indexer_ = spawn(indexer, io, peers_.storage, front, raft_pointer);
    supervisor.tell(raft, search_parts{indexer_, embedder_});
  }

  stage& s_;
  std::shared_ptr<wiring> wiring_;
  std::string name_;
  std::vector<std::string> names_;
  std::uint64_t seed_;
  std::uint64_t lives_ = 0;
  std::uint64_t folders_ = 0;
  std::uint64_t last_request_ = 0;
  raft_peers peers_;
  formation_actor formation_;
  indexer_actor indexer_;
  embedder_actor embedder_;
  link_keeper_actor keeper_;
  std::vector<caf::actor> actors_;
  std::optional<storage::data_folder> folder_;
};

} // namespace troupe::test
