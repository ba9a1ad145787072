#include "tests/sim/workload.hpp"

#include <algorithm>
#include <map>

namespace troupe::simulation {

namespace {

constexpr std::size_t registers = 4;
constexpr std::size_t swapped = 2;
constexpr std::size_t accounts_count = 4;
constexpr std::int64_t account_start = 100;
constexpr std::size_t bulk_keys = 3;
constexpr std::size_t lists = 2;
constexpr std::size_t texts = 8;
constexpr std::size_t words = 12;

std::string key_of(const char* prefix, std::size_t n) {
  return std::string(prefix) + std::to_string(n);
}

operation putting(const std::string& key, const std::string& value, media_type type = media_type::bytes) {
  return put_operation{key, blob{value}, type};
}

compare unchanged(const key_value& seen) {
  return {seen.key, compare_target::mod_revision, compare_op::equal, {}, seen.mod_revision.value};
}
compare absent(const std::string& key) {
  return {key, compare_target::exists, compare_op::equal, {}, 0};
}

std::string text_of(const key_value& kv) {
  return std::string(kv.value.view());
}

checkers::cell seen(const key_value& kv) {
  checkers::cell c;
  c.key = kv.key;
  c.value = text_of(kv);
  c.revision = kv.mod_revision.value;
  return c;
}

checkers::cell cell_of(const std::string& key, std::optional<std::string> value) {
  checkers::cell c;
  c.key = key;
  c.value = std::move(value);
  return c;
}

/// A transaction without else-branch: what it wrote has a revision of its own if its compares held.
void note_write(checkers::operation& op, const command_result& r) {
  op.matched = r.succeeded;
  op.revision = r.succeeded ? r.revision.value : 0;
}

read_request range_of(const std::string& prefix, consistency mode = consistency::linearizable) {
  range_query q;
  q.start = prefix;
  q.end = prefix_end(prefix);
  q.bytes_max = 1u << 30;
  return {q, mode};
}

/// What was read of all keys that may be under a prefix.
void note_cells(checkers::operation& op, const query_result& r, const char* prefix, std::size_t count) {
  op.revision = r.revision.value;
  for (std::size_t i = 0; i < count; ++i) {
    auto key = key_of(prefix, i);
    auto found = std::find_if(r.items.begin(), r.items.end(), [&](auto& kv) { return kv.key == key; });
    op.reads.push_back(found == r.items.end() ? cell_of(key, {}) : seen(*found));
  }
}

std::vector<std::string> elements_in(const std::string& value) {
  std::vector<std::string> out;
  for (std::size_t at = 0; at < value.size();) {
    auto end = std::min(value.find(' ', at), value.size());
    out.push_back(value.substr(at, end - at));
    at = end + 1;
  }
  return out;
}

std::int64_t balance_of(const std::string& value) {
  return std::stoll(value);
}

} // namespace

const std::vector<std::string>& workload_kinds() {
  static const std::vector<std::string> kinds{"write", "read",   "cas",  "transfer",
                                              "bulk",  "append", "text", "search"};
  return kinds;
}

std::vector<checkers::account_group> workload::accounts() {
  return {{"a/", static_cast<std::int64_t>(accounts_count) * account_start}};
}

workload::workload(const scenario& plan, dice& random, unsigned client,
                   std::function<void(const std::string&)> violated)
    : scenario_(plan), random_(random), client_(client), violated_(std::move(violated)) {}

std::string workload::fresh() {
  return "c" + std::to_string(client_) + "-" + std::to_string(++made_);
}

std::string workload::filled(std::string value) {
  if (scenario_.filling_bytes == 0) return value;
  value += ' ';
  value.append(random_.below(static_cast<std::size_t>(scenario_.filling_bytes)), '.');
  return value;
}

task workload::next() {
  if (!follow_ups_.empty()) {
    auto t = std::move(follow_ups_.front());
    follow_ups_.pop_front();
    return t;
  }
  std::int64_t all = 0;
  for (auto& [kind, weight] : scenario_.workload)
    all += weight;
  auto drawn = random_.between(1, all);
  for (auto& [kind, weight] : scenario_.workload)
    if ((drawn -= weight) <= 0) return of_kind(kind);
  return register_read();
}

task workload::of_kind(const std::string& kind) {
  if (kind == "write") return register_write();
  if (kind == "cas") return compare_and_set();
  if (kind == "transfer") return transfer();
  if (kind == "bulk") return bulk();
  if (kind == "append") return append();
  if (kind == "text") return text();
  if (kind == "search") return search();
  return register_read();
}

task workload::erase(const std::string& key) {
  task t{checkers::make_erase(key), transaction{{}, {delete_operation{key}}, {}}};
  t.wrote = [](checkers::operation& op, const command_result& r) {
    auto* d = r.results.empty() ? nullptr : std::get_if<delete_result>(&r.results[0]);
    bool deleted = d && d->deleted;
    op = [&] {
      auto known = checkers::make_erase(op.writes[0].key, deleted);
      known.client = op.client, known.called = op.called, known.node = op.node;
      return known;
    }();
    op.revision = deleted ? r.revision.value : 0;
  };
  return t;
}

task workload::register_write() {
  auto key = key_of("r/", random_.below(registers));
  if (random_.one_in(8)) return erase(key);
  auto value = filled(fresh());
  task t{checkers::make_put(key, value), transaction{{}, {putting(key, value)}, {}}};
  t.wrote = note_write;
  return t;
}

task workload::register_read() {
  auto key = key_of("r/", random_.below(registers));
  task t{checkers::make_get(key, {}), read_request{get_query{key, {}}, consistency::linearizable}};
  t.read = [](checkers::operation& op, const query_result& r) {
    op.revision = r.revision.value;
    if (!r.items.empty()) op.reads = {seen(r.items[0])};
  };
  return t;
}

/// A read, and a write that holds only if nobody came in between.
task workload::compare_and_set() {
  auto key = key_of("c/", random_.below(swapped));
  task t{checkers::make_get(key, {}), read_request{get_query{key, {}}, consistency::linearizable}};
  t.read = [this, key](checkers::operation& op, const query_result& r) {
    op.revision = r.revision.value;
    auto value = filled(fresh());
    transaction set{{}, {putting(key, value)}, {}};
    std::optional<std::string> expected;
    if (r.items.empty()) {
      set.compares.push_back(absent(key));
    } else {
      op.reads = {seen(r.items[0])};
      expected = text_of(r.items[0]);
      set.compares.push_back(
          random_.one_in(2) ? unchanged(r.items[0])
                            : compare{key, compare_target::value, compare_op::equal, r.items[0].value, 0});
    }
    task then{checkers::make_cas(key, expected, value), std::move(set)};
    then.wrote = note_write;
    follow_ups_.push_back(std::move(then));
  };
  return t;
}

task workload::open_accounts() {
  std::vector<checkers::cell> expected;
  std::vector<checkers::cell> writes;
  transaction open;
  for (std::size_t i = 0; i < accounts_count; ++i) {
    auto key = key_of("a/", i);
    auto value = std::to_string(account_start) + " " + fresh();
    open.compares.push_back(absent(key));
    open.success.push_back(putting(key, value));
    expected.push_back(cell_of(key, {}));
    writes.push_back(cell_of(key, value));
  }
  task t{checkers::make_transfer(expected, writes), std::move(open)};
  t.wrote = [this](checkers::operation& op, const command_result& r) {
    note_write(op, r);
    accounts_open_ = true;
  };
  return t;
}

task workload::read_accounts(bool stale) {
  task t{checkers::make_snapshot({}), range_of("a/", stale ? consistency::stale : consistency::linearizable)};
  t.recorded = !stale;
  t.read = [this, stale](checkers::operation& op, const query_result& r) {
    note_cells(op, r, "a/", accounts_count);
    if (!stale || r.items.empty()) return;
    std::int64_t sum = 0;
    for (auto& kv : r.items)
      sum += balance_of(text_of(kv));
    if (sum != static_cast<std::int64_t>(accounts_count) * account_start)
      violated_("atomicity: a stale read of all accounts adds up to " + std::to_string(sum));
  };
  return t;
}

task workload::transfer() {
  if (!accounts_open_) return open_accounts();
  if (random_.one_in(4)) return read_accounts(random_.one_in(2));
  auto t = read_accounts(false);
  t.read = [this](checkers::operation& op, const query_result& r) {
    note_cells(op, r, "a/", accounts_count);
    if (r.items.size() < 2) return;
    auto from = random_.below(r.items.size());
    auto to = (from + 1 + random_.below(r.items.size() - 1)) % r.items.size();
    auto amount = random_.between(1, 30);
    transaction move;
    std::vector<checkers::cell> expected;
    std::vector<checkers::cell> writes;
    for (auto [which, change] : {std::pair{from, -amount}, std::pair{to, amount}}) {
      auto& kv = r.items[which];
      auto value = std::to_string(balance_of(text_of(kv)) + change) + " " + fresh();
      move.compares.push_back(unchanged(kv));
      move.success.push_back(putting(kv.key, value));
      expected.push_back(cell_of(kv.key, text_of(kv)));
      writes.push_back(cell_of(kv.key, value));
    }
    task then{checkers::make_transfer(expected, writes), std::move(move)};
    then.wrote = note_write;
    follow_ups_.push_back(std::move(then));
  };
  return t;
}

/// The same value under several keys, and reads that must never see two.
task workload::bulk() {
  if (random_.one_in(2)) {
    task t{checkers::make_snapshot({}), range_of("b/")};
    t.read = [](checkers::operation& op, const query_result& r) { note_cells(op, r, "b/", bulk_keys); };
    return t;
  }
  transaction put;
  std::vector<checkers::cell> writes;
  auto value = filled(fresh());
  for (std::size_t i = 0; i < bulk_keys; ++i) {
    put.success.push_back(putting(key_of("b/", i), value));
    writes.push_back(cell_of(key_of("b/", i), value));
  }
  task t{checkers::make_txn({}, writes), std::move(put)};
  t.wrote = note_write;
  return t;
}

task workload::list_read(const std::string& key) {
  task t{checkers::make_list(key, {}), read_request{get_query{key, {}}, consistency::linearizable}};
  t.read = [](checkers::operation& op, const query_result& r) {
    op.revision = r.revision.value;
    if (!r.items.empty()) op.elements = elements_in(text_of(r.items[0]));
  };
  return t;
}

task workload::append() {
  auto key = key_of("l/", random_.below(lists));
  auto t = list_read(key);
  if (random_.one_in(4)) return t;
  t.read = [this, key](checkers::operation& op, const query_result& r) {
    op.revision = r.revision.value;
    auto element = fresh();
    transaction add;
    auto value = element;
    if (r.items.empty()) {
      add.compares.push_back(absent(key));
    } else {
      op.elements = elements_in(text_of(r.items[0]));
      add.compares.push_back(unchanged(r.items[0]));
      value = text_of(r.items[0]) + " " + element;
    }
    add.success.push_back(putting(key, value));
    task then{checkers::make_append(key, element), std::move(add)};
    then.wrote = [](checkers::operation& what, const command_result& done) {
      what.revision = done.succeeded ? done.revision.value : 0;
      // Somebody else was faster: nothing was appended.
      if (!done.succeeded) what.outcome = checkers::outcome_kind::failed;
    };
    follow_ups_.push_back(std::move(then));
  };
  return t;
}

task workload::text() {
  auto key = key_of("s/", random_.below(texts));
  if (random_.one_in(5)) return erase(key);
  auto value = "word" + std::to_string(random_.below(words)) + " word" +
               std::to_string(random_.below(words)) + " " + "of" + std::to_string(client_) + "x" +
               std::to_string(++made_);
  task t{checkers::make_put(key, value), transaction{{}, {putting(key, value, media_type::text)}, {}}};
  t.embed = random_.one_in(5);
  t.wrote = note_write;
  return t;
}

task workload::search() {
  search_request r;
  r.query = "word" + std::to_string(random_.below(words));
  r.prefix = "s/";
  r.limit = 1'000;
  task t{checkers::make_search(r.query, {}), r};
  t.found = [](checkers::operation& op, const search_result& found) {
    // No revision: an index may hold newer values than the revision up to which it is whole.
    for (auto& h : found.hits) {
      op.reads.push_back(cell_of(h.key, {}));
      op.reads.back().revision = h.mod_revision.value;
    }
  };
  return t;
}

} // namespace troupe::simulation
