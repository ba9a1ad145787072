#include "tests/sim/client.hpp"

#include "command/codec.hpp"

namespace troupe::simulation {

namespace {

constexpr unsigned attempts_max = 5;

} // namespace

client::client(surroundings& around, cluster& nodes, const scenario& plan, unsigned number,
               checkers::history& into)
    : around_(around), cluster_(nodes), scenario_(plan), number_(number), history_(into),
      work_(plan, around.random, number, [&around](const std::string& what) { around.check.violated(what); }),
      by_endpoint_(number % 2 == 0), guard_(static_cast<guard>(number % 3)) {
  ear_ = around_.actors.listener([this](caf::message m) {
    if (m.size() == 0) return;
    if (m.match_element<answer_batch>(0)) {
      for (auto& a : m.get_as<answer_batch>(0).answers)
        deliver(a);
    } else if (m.match_element<client_answers>(0)) {
      auto answers = decode_answers(m.get_as<client_answers>(0).payload);
      if (!answers) return around_.check.violated("answers that cannot be read: " + answers.error().detail);
      for (auto& a : *answers)
        deliver(a);
    }
  });
}

void client::start() {
  rest();
}

void client::rest() {
  around_.time.in(around_.random.about(scenario_.pace_ms), [this] { begin(); });
}

void client::begin() {
  if (retired_) return;
  if (guard_ == guard::session && session_ == session_id{}) return open_session();
  current_ = work_.next();
  current_->op.client = number_;
  current_->op.called = around_.moment();
  asked_.clear();
  attempts_ = 0;
  in_doubt_ = answer_lost_ = false;
  if (auto* t = std::get_if<transaction>(&current_->what)) {
    stamped_ = {{}, {}, *t};
    ++sequence_;
    if (guard_ == guard::session)
      stamped_.session = session_stamp{session_, sequence_t{sequence_}, sequence_t{sequence_}};
    if (guard_ == guard::idempotency)
      stamped_.idempotency = idempotency_stamp{
          "key " + std::to_string(number_) + " " + std::to_string(sequence_), number_, sequence_};
  }
  attempt();
}

request client::make_request() {
  request r;
  r.id = ++last_id_;
  r.timeout_ms = static_cast<std::uint32_t>(around_.random.between(500, 3'000));
  if (!current_)
    r.body = write_request{encode_command({{}, {}, troupe::open_session{}})};
  else if (std::holds_alternative<transaction>(current_->what))
    r.body = write_request{encode_command(stamped_), current_->embed};
  else if (auto* read = std::get_if<read_request>(&current_->what))
    r.body = *read;
  else
    r.body = std::get<search_request>(current_->what);
  return r;
}

/// A session of its own; what became of an earlier attempt to open one does not matter.
void client::open_session() {
  opening_ = true;
  attempt();
}

void client::attempt() {
  auto& nodes = cluster_.nodes();
  auto& to = *around_.random.pick(nodes);
  ++attempts_;
  auto r = make_request();
  asked_.insert(r.id);
  waiting_for_ = r.id;
  if (current_) current_->op.node = to.name();
  // After this the client believes that its connection, or the node, is gone.
  auto patience = static_cast<std::int64_t>(r.timeout_ms) + around_.random.between(100, 1'000);
  around_.time.in(patience, [this, id = r.id] {
    if (waiting_for_ == id) refused(false);
  });
  send(to, std::move(r));
}

void client::send(node& to, request r) {
  if (around_.wires.loses()) return around_.reached("request lost");
  around_.time.in(around_.wires.delay(), [this, &to, r = std::move(r)] {
    if (!asked_.contains(r.id)) return;
    if (!to.runs()) {
      if (waiting_for_ == r.id) refused(true);
      return;
    }
    if (by_endpoint_) return to.ask_endpoint(ear_, encode_requests({r}));
    request_batch batch;
    batch.requests.push_back(r);
    to.ask(ear_, std::move(batch));
  });
}

/// On the turn of the actor that answers.
void client::deliver(const answer& a) {
  if (around_.wires.loses()) {
    answer_lost_ = true;
    return around_.reached("answer lost");
  }
  around_.time.in(around_.wires.delay(), [this, a] { learn(a); });
}

void client::learn(const answer& a) {
  if (!asked_.contains(a.id)) return;
  if (opening_) return learn_session(a);
  if (auto* why = std::get_if<refusal>(&a.body)) {
    around_.reached("refused: " + std::to_string(static_cast<int>(why->kind)));
    // An earlier attempt, given up before, stays in doubt.
    if (a.id == waiting_for_) refused(why->kind != refusal_kind::outcome_unknown);
    return;
  }
  if (auto* r = std::get_if<command_result>(&a.body)) return learn_write(*r);
  if (auto* r = std::get_if<query_result>(&a.body); r && current_->read) {
    if (r->code != query_outcome::ok)
      return around_.check.violated("a read of the newest state says compacted");
    current_->read(current_->op, *r);
    return finish(checkers::outcome_kind::ok);
  }
  if (auto* r = std::get_if<search_result>(&a.body); r && current_->found) {
    if (r->code != search_outcome::ok) {
      if (a.id == waiting_for_) refused(true);
      return;
    }
    current_->found(current_->op, *r);
    return finish(checkers::outcome_kind::ok);
  }
  around_.check.violated("an answer of another kind than was asked for");
}

void client::learn_write(const command_result& r) {
  if (r.replayed) around_.reached(answer_lost_ ? "retry after a lost answer" : "retry answered as before");
  switch (r.code) {
  case outcome::applied:
    // The outcome first: an append that lost a race corrects it.
    current_->op.outcome = checkers::outcome_kind::ok;
    current_->wrote(current_->op, r);
    return finish(current_->op.outcome);
  case outcome::session_unknown:
    around_.reached("session expired");
    session_ = {};
    return finish(in_doubt_ ? checkers::outcome_kind::unknown : checkers::outcome_kind::failed);
  case outcome::sequence_forgotten:
  case outcome::too_many_outstanding:
  case outcome::sessions_full:
  case outcome::idempotency_full:
    return finish(in_doubt_ ? checkers::outcome_kind::unknown : checkers::outcome_kind::failed);
  default:
    around_.check.violated("a write is answered with outcome " + std::to_string(static_cast<int>(r.code)));
  }
}

void client::learn_session(const answer& a) {
  auto* r = std::get_if<command_result>(&a.body);
  if (!r || r->code != outcome::applied) {
    if (a.id == waiting_for_) refused(true);
    return;
  }
  session_ = r->session;
  opening_ = false;
  asked_.clear();
  waiting_for_ = 0;
  rest();
}

void client::refused(bool certain) {
  waiting_for_ = 0;
  if (opening_) {
    asked_.clear();
    opening_ = false;
    return rest();
  }
  bool writes = std::holds_alternative<transaction>(current_->what);
  if (writes && !certain) in_doubt_ = true;
  // An idempotency key is remembered for minutes of the leaders' clocks, and those may have jumped.
  bool guarded = guard_ == guard::session || (guard_ == guard::idempotency && !cluster_.may_forget());
  bool may_repeat = !writes || !in_doubt_ || guarded;
  auto end = in_doubt_ ? checkers::outcome_kind::unknown : checkers::outcome_kind::failed;
  if (!may_repeat || attempts_ >= attempts_max) return finish(end);
  around_.time.in(around_.random.between(10, 300), [this, id = last_id_] {
    if (current_ && id == last_id_ && waiting_for_ == 0) attempt();
  });
}

void client::finish(checkers::outcome_kind outcome) {
  auto& op = current_->op;
  op.outcome = outcome;
  op.returned = around_.moment();
  around_.reached(std::string("operation ") + std::string(checkers::to_string(op.kind)) + " " +
                  std::string(checkers::to_string(outcome)));
  if (around_.log.verbose()) around_.say("c" + std::to_string(number_) + " " + checkers::describe(op));
  if (current_->recorded) history_.operations.push_back(std::move(op));
  current_.reset();
  asked_.clear();
  waiting_for_ = 0;
  rest();
}

} // namespace troupe::simulation
