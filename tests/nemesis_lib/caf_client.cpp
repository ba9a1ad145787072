// nemesis_client TIMEOUT_MS CERTIFICATE KEY AUTHORITY HOST:PORT...: carries out operations through the C++
// library. Each line on standard input is an operation as tests/checkers/history_text.hpp writes it, of which
// outcome, times, revision and what was read do not matter; each is answered by a line with those filled in,
// or "error WHY".

#include "client/client.hpp"
#include "tests/checkers/history_text.hpp"

#include <charconv>
#include <iostream>
#include <string>
#include <utility>
#include <variant>
#include <vector>

namespace {

using namespace troupe;
using checkers::operation_kind;
using checkers::outcome_kind;

/// What no fault explains.
struct unexpected {
  std::string why;
};

class executor {
public:
  executor(const std::vector<std::string>& endpoints, client::client_options options)
      : store_(endpoints, std::move(options)) {}

  void run(checkers::operation& op) {
    switch (op.kind) {
    case operation_kind::get: read_one(op, op.reads.at(0).key); return;
    case operation_kind::list: read_one(op, op.key); return;
    case operation_kind::snapshot: read_range(op); return;
    case operation_kind::search: search(op); return;
    default: write(op);
    }
  }

private:
  static std::string text(const blob& bytes) { return std::string(bytes.view()); }
  static checkers::cell cell_of(const key_value& item) {
    return {.key = item.key, .value = text(item.value), .revision = item.mod_revision.value};
  }

  static void refused(checkers::operation& op, const client::failure& f, bool writes) {
    switch (f.kind) {
    case client::failure_kind::unavailable: op.outcome = outcome_kind::failed; return;
    case client::failure_kind::outcome_unknown:
      op.outcome = writes ? outcome_kind::unknown : outcome_kind::failed;
      return;
    case client::failure_kind::timed_out:
    case client::failure_kind::not_reached:
      if (writes) break;
      op.outcome = outcome_kind::failed;
      return;
    default: break;
    }
    throw unexpected{std::string(client::to_string(f.kind)) + ": " + f.detail};
  }

  void read_one(checkers::operation& op, const std::string& key) {
    const auto got = store_.get(key);
    if (!got) return refused(op, got.error(), false);
    op.outcome = outcome_kind::ok;
    op.revision = got->revision.value;
    op.reads = {got->found ? cell_of(*got->found) : checkers::cell{.key = key}};
  }

  void read_range(checkers::operation& op) {
    range_query range{.start = op.word, .end = prefix_end(op.word), .at = {}};
    const auto page = store_.scan(range);
    if (!page) return refused(op, page.error(), false);
    if (page->code != query_outcome::ok || page->more)
      throw unexpected{"a range that should be one page is not"};
    op.outcome = outcome_kind::ok;
    op.revision = page->revision.value;
    for (auto& c : op.reads)
      for (const auto& item : page->items)
        if (item.key == c.key) c = cell_of(item);
    op.word.clear();
  }

  void search(checkers::operation& op) {
    search_request what;
    what.query = op.word;
    what.limit = 1000;
    what.values = what.highlights = false;
    const auto found = store_.search(what);
    if (!found) return refused(op, found.error(), false);
    if (found->code != search_outcome::ok || found->total != found->hits.size())
      throw unexpected{"a search did not answer all hits: " + found->detail};
    op.outcome = outcome_kind::ok;
    op.revision = found->indexed_revision.value;
    op.reads.clear();
    for (const auto& hit : found->hits)
      op.reads.push_back({.key = hit.key, .revision = hit.mod_revision.value});
  }

  void write(checkers::operation& op) {
    transaction what;
    for (const auto& c : op.expected) {
      compare condition{.key = c.key, .value = {}};
      if (c.value && !c.anything) {
        condition.target = compare_target::value;
        condition.value = blob(*c.value);
      } else {
        condition.number = c.anything ? 1 : 0;
      }
      what.compares.push_back(std::move(condition));
    }
    for (const auto& c : op.writes)
      if (c.value)
        what.success.push_back(put_operation{c.key, blob(*c.value), media_type::text});
      else
        what.success.push_back(delete_operation{c.key});
    const auto done = store_.transact(std::move(what));
    if (!done) return refused(op, done.error(), true);
    op.outcome = outcome_kind::ok;
    op.matched = done->succeeded;
    op.revision = done->revision.value;
  }

  client::client store_;
};

bool carry_out(executor& run, const std::string& line) {
  checkers::history asked;
  if (const auto read = checkers::parse_line(line, asked); !read) {
    std::cout << "error " << read.error().detail << std::endl;
    return false;
  }
  if (asked.operations.size() != 1) return false;
  auto& op = asked.operations.front();
  try {
    run.run(op);
    std::cout << checkers::format_operation(op) << std::flush;
  } catch (const unexpected& e) {
    std::cout << "error " << e.why << std::endl;
  }
  return true;
}

} // namespace

int main(int argc, char** argv) {
  const std::vector<std::string> arguments(argv + 1, argv + argc);
  int milliseconds = 0;
  if (arguments.size() < 5) {
    std::cerr << "usage: nemesis_client TIMEOUT_MS CERTIFICATE KEY AUTHORITY HOST:PORT...\n";
    return 2;
  }
  const auto& time = arguments[0];
  if (std::from_chars(time.data(), time.data() + time.size(), milliseconds).ec != std::errc{} ||
      milliseconds < 1) {
    std::cerr << "nemesis_client: '" << time << "' is no time in milliseconds\n";
    return 2;
  }
  executor run{{arguments.begin() + 4, arguments.end()},
               {.timeout = std::chrono::milliseconds(milliseconds),
                .tls = client::tls_files{arguments[1], arguments[2], arguments[3]}}};
  std::string line;
  while (std::getline(std::cin, line))
    if (!carry_out(run, line)) return 2;
  return 0;
}
