// What each command does to the state.

#include "base/deliberate_bug.hpp"
#include "base/entry_archive.hpp"
#include "command/codec.hpp"
#include "command/limits.hpp"
#include "storage/state_machine_memory.hpp"
#include "storage/state_machine_parts.hpp"

#include <compare>

namespace troupe::storage {

namespace {

bool satisfies(std::strong_ordering order, compare_op op) {
  switch (op) {
  case compare_op::equal: return order == 0;
  case compare_op::not_equal: return order != 0;
  case compare_op::less: return order < 0;
  case compare_op::greater: return order > 0;
  }
  return false;
}

std::uint64_t number_of(const version* v, compare_target target) {
  if (!v) return 0;
  switch (target) {
  case compare_target::mod_revision: return v->mod_revision.value;
  case compare_target::create_revision: return v->create_revision.value;
  case compare_target::version: return v->number();
  case compare_target::exists: return 1;
  case compare_target::value: break;
  }
  return 0;
}

/// Runs one branch of a transaction and gathers what its operations answer.
class branch {
public:
  explicit branch(state_parts& state) : keys_(*state.keys), embedding_(*state.embedding), state_(state) {}

  void run(std::vector<operation>& operations) {
    results_.reserve(operations.size());
    for (auto& op : operations)
      std::visit([this](auto& o) { run(o); }, op);
    if (wrote_) keys_.commit();
  }

  void answer(command_result& r) {
    r.truncated = got_bytes_ > limits::result_bytes_max;
    if (!r.truncated) r.results = std::move(results_);
  }

private:
  void run(put_operation& op) {
    forget_vectors(op.key);
    results_.emplace_back(put_result{keys_.put(op.key, std::move(op.value), op.type)});
    if (embedding_.made_here()) embedding_.expect(op.key, writing());
    wrote_ = true;
    note(op.key);
  }
  void run(delete_operation& op) {
    forget_vectors(op.key);
    auto deleted = keys_.erase(op.key);
    results_.emplace_back(delete_result{deleted});
    if (!deleted) return;
    wrote_ = true;
    note(op.key);
  }
  void run(annotate_operation& op) {
    auto* v = keys_.find(op.key);
    auto about = op.mod_revision ? op.mod_revision : writing();
    // Without a model it is a client's own vector, which must not be taken for one that the cluster made.
    auto& model = embedding_.state();
    bool fits = op.model ? op.model == model.id : model.model.maker == vector_maker::client;
    bool current = v && v->mod_revision == about && embedding_.keeps_vectors() && fits;
    bool taken = current && embedding_.annotate(op.key, about, op.outcome, std::move(op.vectors));
    results_.emplace_back(annotate_result{taken});
    // Also when the value had its vectors already: they may have come with a snapshot that is older than this
    // entry, and so be news to a follower of the key space who holds just what the log says up to here.
    if (current) note(op.key);
  }
  void run(get_operation& op) {
    auto* v = keys_.find(op.key);
    if (v) got_bytes_ += op.key.size() + v->value.size();
    auto& found = std::get<get_result>(results_.emplace_back(get_result{})).found;
    // Past the bound the results will be dropped anyway.
    if (v && got_bytes_ <= limits::result_bytes_max)
      found =
          key_value{std::move(op.key), v->value, v->type(), v->create_revision, v->mod_revision, v->number()};
  }

  /// The revision of what this branch writes.
  revision_t writing() const { return keys_.revision() + 1; }
  void note(std::string_view key) {
    state_.feed.add(state_.index, wrote_ ? writing() : keys_.revision(), key);
  }
  /// Before the key's newest value is written over or deleted.
  void forget_vectors(std::string_view key) {
    if (!embedding_.keeps_vectors()) return;
    if (auto* v = keys_.find(key)) embedding_.forget(key, v->mod_revision);
  }

  key_space& keys_;
  embedding_table& embedding_;
  state_parts& state_;
  std::vector<operation_result> results_;
  std::size_t got_bytes_ = 0;
  bool wrote_ = false;
};

} // namespace

command_result state_parts::answer(outcome code) const {
  command_result r;
  r.code = code;
  r.revision = keys->revision();
  return r;
}

command_result state_parts::apply_membership(std::string_view payload) {
  auto decoded = decode<membership>(payload, "membership");
  if (!decoded) return answer(outcome::malformed);
  members = std::move(*decoded);
  return {};
}

command_result state_parts::apply_command(const entry& e) {
  if (e.from.number != 0) {
    switch (origins.note(e.from, time_ms)) {
    case origin_verdict::fresh: break;
    case origin_verdict::repeated:
      if (deliberately(bug::repeat_proposal)) break;
      return answer(outcome::repeated);
    case origin_verdict::forgotten: return answer(outcome::proposal_forgotten);
    case origin_verdict::full: return answer(outcome::sessions_full);
    }
  }
  auto decoded = decode_command(e.payload.view());
  if (!decoded) return answer(outcome::malformed);
  return apply_once(*decoded);
}

command_result state_parts::apply_once(command& c) {
  if (!c.session) return apply_idempotent(c);
  auto admitted = sessions.admit(*c.session, time_ms);
  if (admitted.replay && !deliberately(bug::repeat_session_request)) return recall(*admitted.replay);
  if (admitted.code != outcome::applied) return answer(admitted.code);
  auto r = apply_idempotent(c);
  // Refusals too: the same number never gets two answers.
  sessions.remember_result(*c.session, r);
  return r;
}

command_result state_parts::apply_idempotent(command& c) {
  if (!c.idempotency) return execute(c);
  auto admitted = idempotency.admit(*c.idempotency);
  if (admitted.replay) return recall(*admitted.replay);
  if (admitted.code != outcome::applied) return answer(admitted.code);
  auto r = execute(c);
  // What was refused was not applied, so a later try with the same key is welcome.
  if (r.code == outcome::applied) idempotency.remember_result(*c.idempotency, r, time_ms);
  return r;
}

command_result state_parts::execute(command& c) {
  if (auto* t = std::get_if<transaction>(&c.body)) return run(*t);
  if (std::holds_alternative<open_session>(c.body)) {
    session_id id{index.value};
    if (!sessions.open(id, time_ms)) return answer(outcome::sessions_full);
    auto r = answer(outcome::applied);
    r.session = id;
    return r;
  }
  if (auto* close = std::get_if<close_session>(&c.body))
    return answer(sessions.close(close->session) ? outcome::applied : outcome::session_unknown);
  if (auto* set = std::get_if<set_embedding>(&c.body))
    embedding->set(model_id{index.value}, std::move(set->model), *keys);
  else if (auto* alarm = std::get_if<set_memory_alarm>(&c.body))
    memory_alarm = alarm->on;
  else
    keys->compact(std::get<compact_history>(c.body).revision);
  return answer(outcome::applied);
}

bool state_parts::holds(const compare& c) const {
  auto* v = keys->find(c.key);
  if (c.target != compare_target::value) return satisfies(number_of(v, c.target) <=> c.number, c.op);
  if (!v) return c.op == compare_op::not_equal;
  return satisfies(v->value.view() <=> c.value.view(), c.op);
}

command_result state_parts::run(transaction& t) {
  bool succeeded = true;
  for (auto& c : t.compares)
    succeeded = succeeded && holds(c);
  branch taken{*this};
  taken.run(succeeded ? t.success : t.failure);
  auto r = answer(outcome::applied);
  r.succeeded = succeeded;
  taken.answer(r);
  return r;
}

} // namespace troupe::storage
