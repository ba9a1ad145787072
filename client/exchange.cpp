#include "client/exchange.hpp"

#include "command/codec.hpp"

#include <algorithm>
#include <utility>

namespace troupe::client {

namespace {

/// Before anything is sent again after a refusal that names no time.
constexpr std::int64_t shortest_pause_ms = 50;

constexpr command_bounds hard_bounds{limits::key_bytes_max, limits::command_bytes_max,
                                     limits::command_bytes_max};

/// Encoded size of a stamped transaction, or why no node would take it.
result<std::size_t> measure(transaction& t) {
  command c;
  c.session = session_stamp{session_id{1}, sequence_t{1}, sequence_t{1}};
  c.body = std::move(t);
  const auto valid = validate(c, hard_bounds);
  const auto size = encoded_size(c);
  t = std::move(std::get<transaction>(c.body));
  if (!valid) return failure{failure_kind::invalid, valid.error().detail};
  if (size > limits::command_bytes_max)
    return failure{failure_kind::invalid, "the write is larger than a command may be"};
  return size;
}

/// A quarter of its time, but not so little that a node could not answer.
constexpr std::int64_t shortest_patience_ms = 100;

/// Any node can answer it, soon, so that one that does not may be passed over. A snapshot is of one node and
/// takes its time; a change of members or of the leader may wait for somebody.
bool is_for_any_node(const call_body& body) {
  if (auto* search = std::get_if<search_request>(&body)) return search->cursor.empty();
  return std::holds_alternative<transaction>(body) || std::holds_alternative<read_request>(body) ||
         std::holds_alternative<status_request>(body);
}

/// Nothing of what was asked was done, nor will be.
bool is_certain(refusal_kind kind) {
  return kind != refusal_kind::outcome_unknown && kind != refusal_kind::timed_out;
}

} // namespace

exchange::call_id exchange::submit(call c, std::int64_t now_ms) {
  const auto id = ++last_call_;
  const auto refuse = [&](failure_kind kind, std::string why) {
    finished_.push_back({id, failure{kind, std::move(why)}});
    return id;
  };
  if (calls_.size() >= options_.calls_max)
    return refuse(failure_kind::unavailable, "too many calls of this client are open");
  open_call fresh;
  fresh.deadline_ms = now_ms + c.timeout_ms;
  if (auto* t = std::get_if<transaction>(&c.body)) {
    auto size = measure(*t);
    if (!size) return refuse(size.error().kind, size.error().detail);
    if (bytes_ > 0 && bytes_ + *size > options_.bytes_max)
      return refuse(failure_kind::unavailable, "too many bytes of this client wait to be written");
    fresh.writes = true;
    fresh.embed = c.embed;
    fresh.bytes = *size;
    bytes_ += *size;
  }
  if (auto* search = std::get_if<search_request>(&c.body)) fresh.bound = !search->cursor.empty();
  if (is_for_any_node(c.body))
    fresh.patience_ms = std::max<std::int64_t>(shortest_patience_ms, c.timeout_ms / 4);
  std::visit([&](auto& body) { fresh.body = std::move(body); }, c.body);
  (fresh.writes ? waiting_writes_ : waiting_others_).insert(id);
  deadlines_.emplace(fresh.deadline_ms, id);
  calls_.emplace(id, std::move(fresh));
  return id;
}

void exchange::link_up(link_id link, std::int64_t now_ms) {
  link_ = link;
  answered_ms_ = now_ms;
  distrust_ = false;
  paused_until_ms_ = now_ms;
  // Another node is asked at once what is still unanswered; the answer of the one before is not missed.
  if (status_request_) status_request_ = {};
  if (open_request_) open_request_ = {};
}

void exchange::link_down(link_id link, const std::string& why) {
  last_trouble_ = why;
  if (link == link_) link_ = 0;
  for (auto* own : {&open_request_, &status_request_, &close_request_})
    if (*own && own->link == link) *own = {};
  std::vector<call_map::iterator> ended;
  for (auto place = calls_.begin(); place != calls_.end(); ++place) {
    auto& [id, c] = *place;
    if (!c.request || c.link != link) continue;
    forget_copy(c);
    if (c.bound)
      ended.push_back(place);
    else
      (c.writes ? waiting_writes_ : waiting_others_).insert(id);
  }
  for (auto place : ended)
    fail(place, failure_kind::cursor_gone, "the node that keeps these results was lost: " + why);
}

request exchange::begin_own(own_request& own, decltype(request::body) body, std::int64_t now_ms) {
  own = {++last_request_, link_, now_ms, now_ms + options_.own_timeout_ms};
  return {own.id, static_cast<std::uint32_t>(options_.own_timeout_ms), std::move(body)};
}

/// What the exchange has to ask for itself, before any call.
void exchange::take_own(std::vector<request>& out, std::int64_t now_ms) {
  if (closing_ && session_.open()) {
    command c;
    c.body = close_session{session_.session()};
    out.push_back(begin_own(close_request_, write_request{encode_command(c)}, now_ms));
    session_.end();
  }
  closing_ = false;
  if (status_wanted_ && !status_request_) {
    out.push_back(begin_own(status_request_, status_request{}, now_ms));
    status_wanted_ = false;
  }
  if (session_.worn_out(now_ms, options_.session_idle_ms)) session_.end();
  const bool need_session = !session_.open() && !open_request_ && !waiting_writes_.empty();
  if (need_session) {
    // Opened twice, it costs an entry that expires; so a node may repeat it.
    command c;
    c.body = open_session{};
    out.push_back(begin_own(open_request_, write_request{encode_command(c)}, now_ms));
  }
}

/// So that without an answer nobody knows what became of it.
bool exchange::changes_something(const open_call& c) {
  return c.writes || std::holds_alternative<member_request>(c.body) ||
         std::holds_alternative<transfer_request>(c.body);
}

/// False: it is a write that has no stamp and cannot get one now.
bool exchange::prepare(open_call& c) {
  auto* t = std::get_if<transaction>(&c.body);
  if (!t) return true;
  const auto stamp = session_.stamp();
  if (!stamp) return false;
  command stamped;
  stamped.session = stamp;
  stamped.body = std::move(*t);
  c.stamp = stamp;
  c.body = write_request{encode_command(stamped), c.embed};
  return true;
}

/// Returns whether the batch has room for more.
bool exchange::transmit(std::set<call_id>& waiting, std::vector<request>& out, std::size_t& bytes,
                        std::int64_t now_ms) {
  while (!waiting.empty()) {
    const auto id = *waiting.begin();
    auto& c = calls_.at(id);
    if (requests_.size() >= options_.window_requests) return false;
    if (window_bytes_ > 0 && window_bytes_ + c.bytes > options_.window_bytes) return false;
    if (bytes > 0 && bytes + c.bytes > options_.batch_bytes) return false;
    if (!prepare(c)) return true;
    waiting.erase(waiting.begin());
    request r;
    r.id = ++last_request_;
    r.timeout_ms = static_cast<std::uint32_t>(std::max<std::int64_t>(1, c.deadline_ms - now_ms));
    if (auto* w = std::get_if<write_request>(&c.body))
      r.body = *w;
    else if (auto* q = std::get_if<read_request>(&c.body))
      r.body = *q;
    else if (auto* s = std::get_if<search_request>(&c.body))
      r.body = *s;
    else if (auto* t = std::get_if<transfer_request>(&c.body))
      r.body = *t;
    else if (auto* m = std::get_if<member_request>(&c.body))
      r.body = *m;
    else if (std::holds_alternative<snapshot_now_request>(c.body))
      r.body = snapshot_now_request{};
    else
      r.body = status_request{};
    c.request = r.id;
    c.link = link_;
    c.sent_ms = now_ms;
    c.sent = true;
    if (changes_something(c)) ++c.doubts;
    requests_.emplace(r.id, id);
    window_bytes_ += c.bytes;
    bytes += c.bytes;
    out.push_back(std::move(r));
  }
  return true;
}

std::vector<request> exchange::take_requests(std::int64_t now_ms) {
  std::vector<request> out;
  if (!link_ || now_ms < paused_until_ms_) return out;
  take_own(out, now_ms);
  std::size_t bytes = 0;
  if (transmit(waiting_others_, out, bytes, now_ms)) transmit(waiting_writes_, out, bytes, now_ms);
  return out;
}

bool exchange::receive_own(answer& a, std::int64_t now_ms) {
  if (a.id == open_request_.id) {
    open_request_ = {};
    opened(a, now_ms);
  } else if (a.id == status_request_.id) {
    status_request_ = {};
    if (auto* status = std::get_if<cluster_status>(&a.body)) status_ = std::move(*status);
  } else if (a.id == close_request_.id) {
    close_request_ = {};
  } else {
    return false;
  }
  return true;
}

void exchange::opened(const answer& a, std::int64_t now_ms) {
  if (auto* r = std::get_if<command_result>(&a.body)) {
    if (r->code == outcome::applied && r->session) return session_.begin(r->session, now_ms);
    last_trouble_ = r->code == outcome::sessions_full ? "the cluster holds as many sessions as it may"
                                                      : "the cluster opened no session";
    pause(now_ms + 10 * shortest_pause_ms);
  } else if (auto* refused = std::get_if<refusal>(&a.body)) {
    last_trouble_ = refused->detail;
    distrust_ = distrust_ || refused->kind != refusal_kind::overloaded;
    pause(now_ms + std::max<std::int64_t>(shortest_pause_ms, refused->retry_after_ms));
  }
}

void exchange::receive(std::vector<answer> answers, std::int64_t now_ms) {
  for (auto& a : answers) {
    if (a.id == 0 || receive_own(a, now_ms)) continue;
    const auto copy = requests_.find(a.id);
    if (copy == requests_.end()) continue; // given up, or its link was lost
    const auto place = calls_.find(copy->second);
    const auto sent_ms = place->second.sent_ms;
    if (place->second.link == link_) answered_ms_ = now_ms;
    forget_copy(place->second);
    if (auto* refused = std::get_if<refusal>(&a.body)) {
      on_refusal(place, *refused, now_ms);
    } else if (auto* written = std::get_if<command_result>(&a.body)) {
      if (place->second.stamp && written->code == outcome::applied)
        session_.used(*place->second.stamp, sent_ms);
      on_result(place, *written, now_ms);
    } else if (place->second.writes) {
      give_up(place, "the node answered another question");
    } else if (auto* read = std::get_if<query_result>(&a.body)) {
      finish(place, std::move(*read));
    } else if (auto* status = std::get_if<cluster_status>(&a.body)) {
      finish(place, std::move(*status));
    } else if (auto* snapshot = std::get_if<snapshot_result>(&a.body)) {
      finish(place, std::move(*snapshot));
    } else if (auto* transfer = std::get_if<transfer_result>(&a.body)) {
      finish(place, std::move(*transfer));
    } else if (auto* members = std::get_if<member_result>(&a.body)) {
      finish(place, std::move(*members));
    } else if (auto* found = std::get_if<search_result>(&a.body)) {
      finish(place, std::move(*found));
    } else {
      give_up(place, "the node answered another question");
    }
  }
}

void exchange::on_result(call_map::iterator place, command_result& r, std::int64_t now_ms) {
  auto& c = place->second;
  if (!c.writes) return fail(place, failure_kind::timed_out, "the node answered another question");
  switch (r.code) {
  case outcome::applied: return finish(place, std::move(r));
  case outcome::session_unknown:
    // An earlier copy may have been applied while the session lived, so another session would not do.
    if (c.stamp->session == session_.session()) session_.end();
    return fail(place, failure_kind::outcome_unknown,
                "the session had expired when the write was to be applied");
  case outcome::sequence_forgotten:
    return fail(place, failure_kind::outcome_unknown, "the outcome of the write is no longer known");
  case outcome::too_many_outstanding:
    --c.doubts;
    pause(now_ms + shortest_pause_ms);
    return wait_again(place, now_ms);
  case outcome::sessions_full:
  case outcome::idempotency_conflict:
  case outcome::idempotency_full:
  case outcome::malformed:
  case outcome::repeated:
  case outcome::proposal_forgotten: break;
  }
  --c.doubts;
  fail(place, c.doubts ? failure_kind::outcome_unknown : failure_kind::invalid,
       "the cluster did not understand the command");
}

void exchange::on_refusal(call_map::iterator place, refusal& r, std::int64_t now_ms) {
  auto& c = place->second;
  if (changes_something(c) && is_certain(r.kind)) --c.doubts;
  const auto or_unknown = [&](failure_kind kind) { return c.doubts ? failure_kind::outcome_unknown : kind; };
  last_trouble_ = r.detail;
  switch (r.kind) {
  case refusal_kind::invalid: return fail(place, or_unknown(failure_kind::invalid), std::move(r.detail));
  case refusal_kind::disk_full:
  case refusal_kind::memory_full:
    return fail(place, or_unknown(failure_kind::unavailable), std::move(r.detail));
  case refusal_kind::not_possible:
    // Said of members and leaders as they are now, whatever came of an earlier copy.
    return fail(place, failure_kind::conflict, std::move(r.detail));
  case refusal_kind::no_leader:
  case refusal_kind::not_ready:
  case refusal_kind::stopping: distrust_ = distrust_ || c.link == link_; break;
  case refusal_kind::overloaded:
  case refusal_kind::outcome_unknown:
  case refusal_kind::timed_out: break;
  }
  pause(now_ms + std::max<std::int64_t>(shortest_pause_ms, r.retry_after_ms));
  wait_again(place, now_ms);
}

void exchange::wait_again(call_map::iterator place, std::int64_t now_ms) {
  if (now_ms >= place->second.deadline_ms) return give_up(place, last_trouble_);
  (place->second.writes ? waiting_writes_ : waiting_others_).insert(place->first);
}

void exchange::forget_copy(open_call& c) {
  if (!c.request) return;
  requests_.erase(c.request);
  window_bytes_ -= c.bytes;
  c.request = 0;
}

void exchange::fail(call_map::iterator place, failure_kind kind, std::string detail) {
  finish(place, failure{kind, std::move(detail)});
}

void exchange::finish(call_map::iterator place, call_result result) {
  auto& c = place->second;
  forget_copy(c);
  if (c.stamp) session_.settled(*c.stamp);
  if (c.writes) bytes_ -= c.bytes;
  waiting_writes_.erase(place->first);
  waiting_others_.erase(place->first);
  deadlines_.erase({c.deadline_ms, place->first});
  deadlines_.erase({c.deadline_ms + options_.grace_ms, place->first});
  finished_.push_back({place->first, std::move(result)});
  calls_.erase(place);
}

void exchange::close(std::int64_t now_ms) {
  while (!calls_.empty())
    give_up(calls_.begin(), "the client was closed");
  closing_ = link_ != 0 && session_.open();
  pause(now_ms);
}

} // namespace troupe::client
