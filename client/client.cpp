#include "client/client.hpp"

#include "client/connection.hpp"
#include "command/check_search.hpp"
#include "messages/type_ids.hpp"
#include "net/middleman.hpp"

#include <caf/io/all.hpp>
#include <caf/openssl/all.hpp>

#include <algorithm>
#include <random>
#include <utility>

namespace troupe::client {

namespace {

constexpr std::chrono::milliseconds timeout_max = std::chrono::minutes(10);
/// The connection ends a little earlier by itself.
constexpr auto close_within = std::chrono::seconds(2);

net::middleman_options options_of_middleman(const client_options& o) {
  net::middleman_options m;
  if (o.tls) m.tls = net::peer_tls{o.tls->certificate, o.tls->key, o.tls->authority};
  // Time has to be left for the next address.
  m.connect = std::clamp(o.timeout / 4, std::chrono::milliseconds(50), m.connect);
  return m;
}

/// Why a client with these arguments could not work.
std::optional<failure> check(const std::vector<std::string>& endpoints, const client_options& o) {
  if (endpoints.empty()) return failure{failure_kind::invalid, "no endpoint is given"};
  for (auto& e : endpoints)
    if (auto parsed = parse_address(e); !parsed) return parsed.error();
  if (o.tls)
    if (auto usable = net::check_tls(*options_of_middleman(o).tls); !usable)
      return failure{failure_kind::invalid, usable.error().detail};
  return std::nullopt;
}

struct client_config : caf::actor_system_config {
  explicit client_config(const net::middleman_options& middleman) {
    // CAF would read an INI file from the working directory; a library does not.
    std::string name = "troupe-client";
    char* argv[] = {name.data(), nullptr};
    parse(1, argv, "/dev/null");
    announce_network_messages(*this);
    net::configure_middleman(*this, middleman);
    // One actor, whose work is small.
    set("scheduler.max-threads", std::size_t{1});
    set("scheduler.policy", caf::atom("sharing"));
  }
};

connection_options options_of_connection(const std::vector<std::string>& endpoints, const client_options& o) {
  connection_options c;
  for (auto& e : endpoints)
    c.seeds.push_back(*parse_address(e));
  c.prefer_leader = o.prefer_leader;
  if (!o.in_order) c.first_seed = std::random_device{}() % c.seeds.size();
  return c;
}

void add_condition(transaction& t, const std::string& key, const condition& when) {
  if (when.absent) t.compares.push_back({key, compare_target::exists, compare_op::equal, {}, 0});
  if (when.mod_revision)
    t.compares.push_back(
        {key, compare_target::mod_revision, compare_op::equal, {}, when.mod_revision->value});
}

failure condition_failed(const std::string& key) {
  return {failure_kind::conflict, "the condition on \"" + key + "\" does not hold; nothing was changed"};
}

/// The first operation's result, if the cluster still knows it.
template <class Result>
Result first_result(const command_result& r) {
  if (r.results.empty()) return {};
  auto* one = std::get_if<Result>(&r.results.front());
  return one ? *one : Result{};
}

result<query_result> readable(result<query_result> r) {
  if (!r || r->code == query_outcome::ok) return r;
  if (r->code == query_outcome::compacted)
    return failure{failure_kind::compacted,
                   "the oldest revision that can still be read is " + std::to_string(r->compacted.value)};
  return failure{failure_kind::not_reached, "the newest revision is " + std::to_string(r->revision.value)};
}

/// A search that has no hits to show is a failure.
result<search_result> answered(search_result r) {
  switch (r.code) {
  case search_outcome::ok: return r;
  case search_outcome::bad_request: {
    auto detail = r.part + ": " + r.detail;
    if (r.end > 0) detail += " (bytes " + std::to_string(r.begin) + " to " + std::to_string(r.end) + ")";
    return failure{failure_kind::invalid, std::move(detail)};
  }
  case search_outcome::cursor_gone:
    return failure{failure_kind::cursor_gone, "the node no longer keeps these results; search again"};
  case search_outcome::not_yet:
    return failure{failure_kind::not_reached,
                   "words are indexed up to revision " + std::to_string(r.indexed_revision.value) +
                       ", vectors up to " + std::to_string(r.vector_revision.value)};
  case search_outcome::no_index: break;
  }
  return failure{failure_kind::invalid, "the configuration of the node turns this index off"};
}

} // namespace

struct client::parts {
  struct running {
    running(const std::vector<std::string>& endpoints, const client_options& o)
        : middleman(options_of_middleman(o)), config(middleman), system(config),
          dialer(net::spawn_dialer(system, middleman)),
          connection(spawn_connection(system, options_of_connection(endpoints, o), dialer)) {}
    ~running() {
      caf::scoped_actor self{system};
      self->request(connection, caf::duration{close_within}, caf::close_atom_v)
          .receive([](caf::ok_atom) {}, [](caf::error&) {});
      self->send_exit(connection, caf::exit_reason::kill);
      self->send_exit(dialer, caf::exit_reason::kill);
    }

    net::middleman_options middleman;
    client_config config;
    caf::actor_system system;
    dialer_actor dialer;
    connection_actor connection;
  };

  parts(const std::vector<std::string>& endpoints, const client_options& o)
      : timeout(std::clamp(o.timeout, std::chrono::milliseconds(1), timeout_max)),
        broken(check(endpoints, o)) {
    if (!broken) running_parts.emplace(endpoints, o);
  }

  template <class Result>
  result<Result> ask(call_body body, failure_kind when_lost, bool embed = false) {
    if (broken) return *broken;
    std::optional<result<Result>> out;
    caf::scoped_actor self{running_parts->system};
    call c{std::move(body), static_cast<std::uint32_t>(timeout.count()), embed};
    // The connection answers every call in its time.
    self->request(running_parts->connection, caf::infinite, std::move(c))
        .receive(
            [&](call_outcome& o) {
              if (auto* fine = std::get_if<Result>(&o.result))
                out.emplace(std::move(*fine));
              else if (auto* f = std::get_if<failure>(&o.result))
                out.emplace(std::move(*f));
            },
            [&](caf::error& e) {
              out.emplace(failure{when_lost, running_parts->system.render(e)});
            });
    if (!out) out.emplace(failure{when_lost, "the node answered another question"});
    return std::move(*out);
  }
  result<command_result> write(transaction t, bool embed = false) {
    return ask<command_result>(std::move(t), failure_kind::outcome_unknown, embed);
  }
  result<query_result> read(query what, consistency mode) {
    return readable(ask<query_result>(read_request{std::move(what), mode}, failure_kind::timed_out));
  }

  std::chrono::milliseconds timeout;
  std::optional<failure> broken;
  std::optional<running> running_parts;
};

client::client(const std::vector<std::string>& endpoints, client_options options)
    : parts_(std::make_unique<parts>(endpoints, options)) {}

client::~client() = default;

result<put_done> client::put(std::string key, std::string_view value, media_type type, const condition& when,
                             bool embed) {
  if (value.size() > blob::bytes_max) return failure{failure_kind::invalid, "the value is too large"};
  transaction t;
  add_condition(t, key, when);
  t.success.emplace_back(put_operation{key, blob{value}, type});
  auto done = parts_->write(std::move(t), embed);
  if (!done) return done.error();
  if (!done->succeeded) return condition_failed(key);
  return put_done{done->revision, first_result<put_result>(*done).created};
}

result<get_done> client::get(std::string key, const read_options& options) {
  auto read = parts_->read(get_query{std::move(key), options.at}, options.mode);
  if (!read) return read.error();
  get_done done{std::nullopt, read->revision};
  if (!read->items.empty()) done.found = std::move(read->items.front());
  return done;
}

result<erase_done> client::erase(std::string key, const condition& when) {
  transaction t;
  add_condition(t, key, when);
  t.success.emplace_back(delete_operation{key});
  auto done = parts_->write(std::move(t));
  if (!done) return done.error();
  if (!done->succeeded) return condition_failed(key);
  return erase_done{done->revision, first_result<delete_result>(*done).deleted};
}

result<revision_t> client::bulk(std::vector<put_operation> puts, std::vector<std::string> deletes) {
  transaction t;
  t.success.reserve(puts.size() + deletes.size());
  for (auto& p : puts)
    t.success.emplace_back(std::move(p));
  for (auto& key : deletes)
    t.success.emplace_back(delete_operation{std::move(key)});
  auto done = parts_->write(std::move(t));
  if (!done) return done.error();
  return done->revision;
}

result<command_result> client::transact(transaction what, bool embed) {
  return parts_->write(std::move(what), embed);
}

result<query_result> client::scan(range_query range, consistency mode) {
  return parts_->read(std::move(range), mode);
}

result<search_result> client::search(search_request what) {
  if (const auto wrong = check_search(what)) return answered(*wrong);
  auto found = parts_->ask<search_result>(std::move(what), failure_kind::timed_out);
  return found ? answered(*std::move(found)) : found;
}

result<cluster_status> client::status() {
  return parts_->ask<cluster_status>(status_request{}, failure_kind::timed_out);
}

result<snapshot_result> client::snapshot() {
  return parts_->ask<snapshot_result>(snapshot_now_request{}, failure_kind::timed_out);
}

result<transfer_result> client::transfer(node_id to) {
  return parts_->ask<transfer_result>(transfer_request{std::move(to)}, failure_kind::outcome_unknown);
}

result<member_result> client::change_members(member_request wish) {
  return parts_->ask<member_result>(std::move(wish), failure_kind::outcome_unknown);
}

std::optional<range_query> next_page(range_query range, const query_result& page) {
  if (!page.more || page.items.empty()) return std::nullopt;
  range.at = page.revision;
  if (range.reverse)
    range.end = page.items.back().key;
  else
    range.start = page.items.back().key + '\0';
  return range;
}

} // namespace troupe::client
