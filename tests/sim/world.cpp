#include "tests/sim/world.hpp"

#include "command/codec.hpp"
#include "search/engine.hpp"
#include "tests/actors/fake_model.hpp"
#include "tests/actors/search_samples.hpp"
#include "tests/checkers/check.hpp"

#include <algorithm>

namespace troupe::simulation {

namespace {

/// After the last fault every node has to take a write within this time, and a little later all nodes have
/// to be at rest in the same state.
constexpr std::int64_t progress_ms = 15'000;
constexpr std::int64_t rest_ms = 20'000;
/// The longest that a client may take over one operation.
constexpr std::int64_t client_end_ms = 30'000;
constexpr std::int64_t begin_ms = 1'500;

} // namespace

world::world(const scenario& plan, std::uint64_t seed, coverage& seen, bool verbose)
    : scenario_(plan), around_(seed, seen, verbose), cluster_(around_, plan) {
  for (unsigned i = 1; i <= static_cast<unsigned>(plan.clients); ++i)
    clients_.push_back(std::make_unique<client>(around_, cluster_, plan, i, history_));
  if (plan.workload.contains("transfer")) history_.accounts = workload::accounts();
  probed_.resize(cluster_.nodes().size());
  prober_ = around_.actors.listener([this](caf::message m) {
    if (m.size() == 0 || !m.match_element<answer_batch>(0)) return;
    for (auto& a : m.get_as<answer_batch>(0).answers)
      if (std::holds_alternative<command_result>(a.body) && probes_.contains(a.id))
        probed_[probes_[a.id]] = true;
  });
  around_.actors.interrupted = [this] { return broken(); };
}

void world::violated(const std::string& checker, const std::string& what) {
  if (!result_.violation.empty()) return;
  result_.checker = checker;
  result_.violation = what;
}

verdict world::run() {
  cluster_.start();
  maintain();
  for (auto& c : clients_)
    c->start();
  if (!around_.random.one_in(4)) pass(begin_ms);
  cluster_.begin_faults();
  pass(scenario_.storm_ms);
  cluster_.end_faults();
  for (auto& c : clients_)
    c->retire();
  settle();
  if (!broken()) {
    compare_states();
    read_everything();
    compare_indexes();
  }
  if (!around_.check.violation().empty()) violated("observer", around_.check.violation());
  check_history();
  result_.digest = around_.log.digest();
  result_.operations = history_.operations.size();
  result_.turns = around_.actors.turns();
  around_.seen.reached("states compared", around_.check.states_compared());
  return result_;
}

bool world::pass(std::int64_t ms, const std::function<bool()>& done) {
  auto& time = around_.time;
  for (auto end = time.now() + ms; !time.empty() && time.next_time() <= end;) {
    auto next = time.next_time();
    around_.actors.advance(next - time.now());
    time.move_to(next);
    time.run_due();
    if (!around_.actors.run()) violated("livelock", "the actors of the nodes do not come to rest");
    cluster_.watch();
    if (broken()) return false;
    if (done && done()) return true;
  }
  return false;
}

void world::pass(std::int64_t ms) {
  pass(ms, nullptr);
}

void world::maintain() {
  around_.wires.maintain();
  around_.time.in(network::maintenance_ms, [this] { maintain(); });
}

void world::settle() {
  if (broken()) return;
  auto began = around_.time.now();
  if (!pass(progress_ms, [this] { return progress(); }) && !broken()) {
    std::string missing;
    for (std::size_t i = 0; i < probed_.size(); ++i)
      if (!probed_[i]) missing += " " + cluster_.nodes()[i]->name();
    for (auto& n : cluster_.nodes()) {
      auto st = n->runs() ? n->status() : cluster_status{};
      missing += "\n  " + n->name() + (n->runs() ? "" : " does not run,") + " role " +
                 std::to_string(static_cast<int>(st.role)) + " term " + std::to_string(st.term.value) +
                 " leader " + st.leader.name + " commit " + std::to_string(st.commit.value) + " applied " +
                 std::to_string(st.applied.value) + " last " + std::to_string(st.last.value);
      missing += " members";
      for (auto& m : st.members)
        missing += " " + m.id.name + (m.voter ? "" : "(learner)");
    }
    return violated("progress", "no write was taken within " + std::to_string(progress_ms) +
                                    " ms after the last fault at" + missing +
                                    "\n  links: " + around_.wires.describe());
  }
  around_.say("every node took a write after " + std::to_string(around_.time.now() - began) + " ms");
  auto idle = [this] {
    for (auto& c : clients_)
      if (!c->idle()) return false;
    return true;
  };
  if (!pass(client_end_ms, idle) && !broken())
    return violated("answers", "a client got no answer, good or bad, to what it asked");
  if (!pass(rest_ms, [this] { return at_rest(); }) && !broken())
    violated("progress", "the nodes do not come to the same index within " + std::to_string(rest_ms) + " ms");
}

/// Asks each node that has not taken a write yet to take one, twice a second.
bool world::progress() {
  auto& nodes = cluster_.nodes();
  auto members = cluster_.members();
  bool all = !members.empty();
  for (std::size_t i = 0; i < nodes.size(); ++i) {
    bool counts = std::find(members.begin(), members.end(), nodes[i].get()) != members.end();
    if (probed_[i] || !counts) continue;
    all = false;
    if (!nodes[i]->runs()) continue;
    if (around_.time.now() / 500 == static_cast<std::int64_t>(last_probe_)) continue;
    auto id = static_cast<std::uint64_t>(around_.time.now()) * 16 + i;
    probes_[id] = i;
    request_batch batch;
    command c;
    c.body = transaction{{}, {put_operation{"probe/" + nodes[i]->name(), blob{"alive"}, {}}}, {}};
    batch.requests.push_back({id, 2'000, write_request{encode_command(c)}});
    nodes[i]->ask(prober_, std::move(batch));
  }
  last_probe_ = static_cast<std::uint64_t>(around_.time.now() / 500);
  return all;
}

bool world::at_rest() {
  auto* l = cluster_.leader();
  if (!l) return false;
  auto goal = l->status().last;
  for (auto* n : cluster_.members()) {
    auto* m = n->machine();
    if (!m || m->applied() != goal || m->pending_vectors() != 0) return false;
  }
  return true;
}

void world::compare_states() {
  for (auto* n : cluster_.members())
    around_.check.state_reached(n->name(), n->machine()->applied(), n->machine()->digest());
}

/// What every node holds in the end, for the checkers.
void world::read_everything() {
  for (auto* n : cluster_.members())
    for (auto* prefix : {"r/", "c/", "a/", "b/", "s/"}) {
      range_query all;
      all.start = prefix;
      all.end = prefix_end(prefix);
      all.limit = 100'000;
      all.bytes_max = 1u << 30;
      std::vector<checkers::cell> cells;
      auto found = n->machine()->run(all);
      for (auto& kv : found.items) {
        checkers::cell c;
        c.key = kv.key;
        c.value = std::string(kv.value.view());
        c.revision = kv.mod_revision.value;
        cells.push_back(std::move(c));
      }
      auto op = checkers::make_final_read(n->name(), prefix, std::move(cells));
      op.client = 1'000 + n->number();
      op.called = around_.moment();
      op.returned = around_.moment();
      op.revision = found.revision.value;
      history_.operations.push_back(std::move(op));
    }
}

std::string world::built_afresh(const storage::state_machine& m) {
  search::engine_settings settings;
  settings.vectors.emplace();
  settings.vectors->dimension = test::test_model().dimension;
  auto made = search::engine::make(settings);
  test::fake_model model{test::test_model().dimension};
  range_query all;
  all.limit = 100'000;
  all.bytes_max = 1u << 30;
  for (auto& item : m.run(all).items) {
    auto kind = static_cast<search::value_kind>(item.type);
    made->put(item.key, item.value, kind, item.mod_revision);
    auto text = search::embeddable_text({item.key, item.value.view(), kind, item.mod_revision});
    auto vectors = model.embed(text);
    if (text.empty() || !vectors) continue;
    if (!made->annotate(item.key, item.mod_revision, vectors->passages, vectors->vectors))
      violated("index", "a vector that was made cannot be kept");
  }
  return made->digest();
}

void world::compare_indexes() {
  if (!scenario_.searches) return;
  // They follow the key spaces as fast as they can.
  pass(2'000);
  for (auto* n : cluster_.members()) {
    auto* index = n->index();
    if (!index) return violated("index", n->name() + " has none");
    if (index->digest() != built_afresh(*n->machine()))
      return violated("index", "the index of " + n->name() + " is not what its key space says");
    around_.reached("indexes compared");
  }
}

void world::check_history() {
  auto report = checkers::check_all(history_);
  if (report.result == checkers::verdict::violation)
    violated(report.findings[0].rule, checkers::describe(report, history_));
  if (report.result == checkers::verdict::undecided) around_.reached("history undecided");
}

} // namespace troupe::simulation
