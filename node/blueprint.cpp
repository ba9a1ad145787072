#include "node/blueprint.hpp"

#include "actors/log_reader.hpp"
#include "actors/snapshotter.hpp"
#include "actors/storage.hpp"
#include "actors/ticker.hpp"
#include "actors/wal_writer.hpp"
#include "raft/lease.hpp"

#include <caf/all.hpp>

#include <cmath>

namespace troupe {

namespace {

using shared_parts = std::shared_ptr<node_parts>;

/// Links and the dialer hold nothing that cannot be had again.
constexpr unsigned restarts_of_links = 3;
constexpr std::int64_t joining_patience_ms = 1'000;
constexpr unsigned restarts_of_doors = 3;
/// Indexes are derived, and what waits for a vector is replicated.
constexpr unsigned restarts_of_search = 3;

unsigned ticks(std::chrono::milliseconds time, std::chrono::milliseconds tick) {
  return static_cast<unsigned>(
      std::max<std::int64_t>(1, (time + tick - std::chrono::milliseconds(1)) / tick));
}

raft::settings core_settings(const config::raft_settings& c) {
  raft::settings s;
  s.election_ticks_min = ticks(c.election_timeout_min, c.tick);
  s.election_ticks_max = ticks(c.election_timeout_max, c.tick);
  s.heartbeat_ticks = ticks(c.heartbeat, c.tick);
  s.append_bytes_max = c.append_bytes;
  s.inflight_messages_max = c.inflight_messages;
  s.inflight_bytes_max = c.inflight_bytes;
  s.tail_bytes_max = c.tail_bytes;
  s.uncommitted_bytes_max = c.uncommitted_bytes;
  s.unapplied_bytes_max = c.unapplied_bytes;
  s.snapshot_chunk_bytes = c.snapshot_chunk_bytes;
  // Whatever this node's file says about leases: a leader with another file may have one.
  s.silent_ticks_at_start = s.election_ticks_min;
  if (c.read_lease)
    s.lease_us = raft::lease_length_us(s.election_ticks_min, c.tick.count() * 1000,
                                       static_cast<unsigned>(std::lround(c.read_lease_drift * 1000)));
  return s;
}

raft_options options_of_raft(node_parts& p) {
  auto& c = *p.config;
  raft_options o;
  o.core = core_settings(c.raft);
  o.self = c.id;
  o.incarnation = p.incarnation;
  o.seed = p.random();
  o.tick_ms = c.raft.tick.count();
  o.join = c.join;
  if (!p.data.recoveries.empty()) o.recovered = p.data.recoveries.back();
  o.snapshot_log_bytes = c.storage.snapshot_log_bytes;
  o.snapshot_log_entries = c.storage.snapshot_log_entries;
  o.snapshot_keep_entries = c.storage.snapshot_keep_entries;
  o.history_keep_ms = c.storage.history_keep_time.count();
  o.history_keep_revisions = c.storage.history_keep_revisions;
  o.memory_quota_bytes = c.limits.memory_quota_bytes;
  o.report = [metrics = p.metrics](const cluster_status& s) { metrics->show(s); };
  return o;
}

formation_options options_of_formation(node_parts& p) {
  auto& c = *p.config;
  formation_options o;
  o.files = &real_file_system();
  o.data_folder = c.data_dir;
  o.identity = p.data.identity;
  o.record = p.data.record;
  o.self = {c.id, p.data.identity.storage, c.peer.to_string(), c.http.to_string(), true};
  for (auto& a : c.peer_addresses())
    o.addresses.push_back(a.to_string());
  std::sort(o.addresses.begin(), o.addresses.end());
  o.fresh_cluster = p.fresh_cluster;
  o.rebuilt = !p.data.recoveries.empty();
  o.join = c.join;
  return o;
}

peer_link_options options_of_link(const node_parts& p, const config::address& peer, std::uint64_t seed) {
  auto& self = p.config->peer;
  peer_link_options o;
  o.self_address = self.to_string();
  o.peer_address = peer.to_string();
  o.peer_host = peer.host;
  o.peer_port = peer.port;
  o.dials = config::dials(self, peer);
  // The others do not know a node that waits to be added, so it is up to that one to dial.
  if (p.config->join) o.patience_ms = joining_patience_ms;
  o.incarnation = p.incarnation;
  o.seed = seed;
  return o;
}

std::vector<ticked> who_is_ticked(const node_parts& p) {
  auto as_actor = [](auto& handle) { return caf::actor_cast<caf::actor>(handle); };
  auto per_second = static_cast<std::uint64_t>(1000 / p.config->raft.tick.count());
  std::vector<ticked> out{{as_actor(p.raft), 1},
                          {as_actor(p.cores.storage), 1},
                          {as_actor(p.cores.wal), std::max<std::uint64_t>(1, per_second)},
                          {as_actor(p.formation), std::max<std::uint64_t>(1, per_second / 4)}};
  out.push_back({as_actor(p.links), 1});
  out.push_back({as_actor(p.indexer), 1});
  out.push_back({as_actor(p.embedder), 1});
  return out;
}

/// The actors that hold the node's data. When one of them ends, the node ends.
void add_cores(std::vector<child_spec>& out, const shared_parts& p) {
  out.push_back({"storage", [p](const supervisor_actor&) {
                   storage_options o;
                   o.incarnation = p->incarnation;
                   p->cores.storage = p->system->spawn(storage_keeper, p->data.state, o);
                   return caf::actor_cast<caf::actor>(p->cores.storage);
                 }});
  out.push_back({"log_reader", [p](const supervisor_actor& supervisor) {
                   storage::wal_options defaults;
                   auto reader = std::make_shared<storage::log_reader>(real_file_system(), p->data.log->map(),
                                                                       defaults.record_bytes_max);
                   p->cores.log = p->system->spawn<caf::detached>(log_reader, reader, supervisor);
                   return caf::actor_cast<caf::actor>(p->cores.log);
                 }});
  out.push_back({"wal_writer", [p](const supervisor_actor& supervisor) {
                   auto log = std::make_shared<std::unique_ptr<storage::wal>>(std::move(p->data.log));
                   p->cores.wal =
                       p->system->spawn<caf::detached>(wal_writer, log, p->data.last_term, supervisor);
                   return caf::actor_cast<caf::actor>(p->cores.wal);
                 }});
  out.push_back({"snapshotter", [p](const supervisor_actor& supervisor) {
                   p->cores.snapshotter = p->system->spawn<caf::detached>(
                       snapshotter, &real_file_system(), p->data.folder.snapshot_folder(),
                       p->data.newest_snapshot, p->cores.storage, supervisor);
                   return caf::actor_cast<caf::actor>(p->cores.snapshotter);
                 }});
  out.push_back({"raft", [p](const supervisor_actor&) {
                   raft_start start{std::move(p->data.recovered), facts_of(*p->data.state)};
                   p->data.state.reset(); // the storage actor's from now on
                   p->raft = p->system->spawn(raft_node, options_of_raft(*p), p->cores, std::move(start));
                   return caf::actor_cast<caf::actor>(p->raft);
                 }});
  out.push_back({"formation", [p](const supervisor_actor& supervisor) {
                   p->formation = p->system->spawn(formation, options_of_formation(*p), p->raft, supervisor);
                   return caf::actor_cast<caf::actor>(p->formation);
                 }});
}

void add_links(std::vector<child_spec>& out, const shared_parts& p) {
  out.push_back({"dialer", [p](const supervisor_actor&) {
                   p->dialer = net::spawn_dialer(*p->system, p->middleman);
                   return caf::actor_cast<caf::actor>(p->dialer);
                 }});
  child_spec links;
  links.name = "links";
  links.restarts_max = restarts_of_links;
  links.start = [p](const supervisor_actor&) {
    link_keeper_options o;
    for (auto& other : p->config->others())
      o.addresses.insert(other.peer.to_string());
    // The keeper's own: it makes links on another thread.
    auto random = std::make_shared<std::mt19937_64>(p->random());
    o.make = [p, random](const std::string& text) {
      auto address = config::parse_address(text);
      if (!address || *address == p->config->peer) return peer_link_actor{};
      return p->system->spawn(peer_link, options_of_link(*p, *address, (*random)()), p->dialer, p->formation,
                              p->raft);
    };
    p->links = p->system->spawn(link_keeper, std::move(o), p->formation);
    return caf::actor_cast<caf::actor>(p->links);
  };
  links.restarted = [p] {
    caf::anon_send(p->endpoint, links_ready{{}, p->links});
    caf::anon_send(p->ticker, tick_these{who_is_ticked(*p)});
  };
  out.push_back(std::move(links));
}

void announce_search(const shared_parts& p) {
  caf::anon_send(p->raft, search_parts{p->indexer, p->embedder});
  if (p->ticker) caf::anon_send(p->ticker, tick_these{who_is_ticked(*p)});
}

/// A worker that was started again is a new handle: who works with it begins again too.
void renew_who_embeds(const shared_parts& p) {
  caf::anon_send_exit(p->embedder, caf::exit_reason::kill);
  caf::anon_send_exit(p->indexer, caf::exit_reason::kill);
}

void add_workers(std::vector<child_spec>& out, const shared_parts& p) {
  if (!p->search.model.made_here()) return;
  auto worker = [&](const char* name, embed_worker_options& options, embed_worker_actor& handle) {
    child_spec spec;
    spec.name = name;
    spec.restarts_max = restarts_of_search;
    spec.start = [p, &options, &handle](const supervisor_actor&) {
      handle = p->system->spawn<caf::detached>(embed_worker, options);
      return caf::actor_cast<caf::actor>(handle);
    };
    spec.restarted = [p] { renew_who_embeds(p); };
    out.push_back(std::move(spec));
  };
  worker("embed_worker queries", p->search.queries, p->queries);
  worker("embed_worker writes", p->search.writes, p->writes);
  worker("embed_worker values", p->search.background, p->background);
}

void add_search(std::vector<child_spec>& out, const shared_parts& p) {
  add_workers(out, p);
  auto raft = [p] { return caf::actor_cast<caf::strong_actor_ptr>(p->raft); };
  child_spec embeds;
  embeds.name = "embedder";
  embeds.restarts_max = restarts_of_search;
  embeds.start = [p, raft](const supervisor_actor&) {
    auto o = p->search.embedder;
    o.report = [m = p->searches](std::uint64_t embedded, std::uint64_t failed, double seconds) {
      m->embedded(embedded, failed, seconds);
    };
    p->embedder = p->system->spawn(embedder, o, raft(), p->cores.storage, p->writes, p->background);
    return caf::actor_cast<caf::actor>(p->embedder);
  };
  embeds.restarted = [p] { announce_search(p); };
  out.push_back(std::move(embeds));
  child_spec indexes;
  indexes.name = "indexer";
  indexes.restarts_max = restarts_of_search;
  indexes.start = [p, raft](const supervisor_actor&) {
    auto o = p->search.indexer;
    // The low half: cursors show it, and numbers of 20 digits help nobody.
    o.seed = p->random() & 0xffff'ffff;
    o.report = [m = p->searches](const search_status& s, const search::engine::sizes& z) { m->show(s, z); };
    o.observe = [m = p->searches](search_mode mode, double seconds) { m->observe(mode, seconds); };
    p->indexer = p->system->spawn<caf::detached>(indexer, o, p->cores.storage, p->queries, raft());
    announce_search(p);
    return caf::actor_cast<caf::actor>(p->indexer);
  };
  indexes.restarted = [p] { announce_search(p); };
  out.push_back(std::move(indexes));
}

void add_doors(std::vector<child_spec>& out, const shared_parts& p) {
  // Before the doors: a request that arrives before the first tick would be measured against no time at all.
  out.push_back({"ticker", [p](const supervisor_actor&) {
                   ticker_options o{p->config->raft.tick.count()};
                   p->ticker = p->system->spawn(ticker, o, who_is_ticked(*p));
                   return p->ticker;
                 }});
  out.push_back({"client_endpoint", [p](const supervisor_actor& supervisor) {
                   client_endpoint_options o;
                   o.bounds = bounds_of(*p->config);
                   o.range_items_max = static_cast<std::uint32_t>(p->config->limits.range_items);
                   o.range_bytes_max = static_cast<std::uint32_t>(p->config->limits.range_bytes);
                   p->endpoint = p->system->spawn(client_endpoint, o, p->raft);
                   caf::anon_send(p->endpoint, links_ready{{}, p->links});
                   auto& at = p->config->peer;
                   auto bound = net::publish_port(*p->system, p->endpoint, at.host, at.port, p->middleman);
                   if (!bound)
                     caf::anon_send(supervisor, fatal_failure{exit_code::refused, bound.error().detail});
                   return caf::actor_cast<caf::actor>(p->endpoint);
                 }});
  out.push_back({"http_gateway",
                 [p](const supervisor_actor&) { return p->gateway->start(*p->system, p->raft); },
                 restarts_of_doors});
}

} // namespace

command_bounds bounds_of(const config::node_config& config) {
  return {config.limits.key_bytes, config.limits.value_bytes, config.limits.command_bytes};
}

std::vector<child_spec> blueprint(const std::shared_ptr<node_parts>& parts) {
  std::vector<child_spec> out;
  add_cores(out, parts);
  add_links(out, parts);
  add_search(out, parts);
  add_doors(out, parts);
  return out;
}

} // namespace troupe
