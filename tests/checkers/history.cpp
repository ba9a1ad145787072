#include "tests/checkers/history.hpp"

#include <utility>

namespace troupe::checkers {

namespace {

constexpr std::size_t described_bytes_max = 400;

operation of(operation_kind kind) {
  operation op;
  op.kind = kind;
  return op;
}

std::string short_text(std::string_view text) {
  constexpr std::size_t most = 60;
  std::string out = "'";
  for (const char c : text.substr(0, most))
    out += c >= ' ' && c < '\x7f' ? c : '?';
  out += text.size() > most ? "...'" : "'";
  return out;
}

std::string short_value(const cell& c) {
  if (c.anything) return "anything";
  auto out = c.value ? short_text(*c.value) : "absent";
  if (c.revision != 0) out += "@" + std::to_string(c.revision);
  return out;
}

void add_cells(std::string& out, std::string_view title, const std::vector<cell>& cells,
               std::string_view sign) {
  if (cells.empty()) return;
  out.append(" ").append(title);
  for (const auto& c : cells) {
    if (out.size() > described_bytes_max) return;
    out.append(" ").append(short_text(c.key)).append(sign).append(short_value(c));
  }
}

} // namespace

std::string_view to_string(operation_kind kind) {
  switch (kind) {
  case operation_kind::get: return "get";
  case operation_kind::put: return "put";
  case operation_kind::erase: return "erase";
  case operation_kind::cas: return "cas";
  case operation_kind::txn: return "txn";
  case operation_kind::transfer: return "transfer";
  case operation_kind::snapshot: return "snapshot";
  case operation_kind::append: return "append";
  case operation_kind::list: return "list";
  case operation_kind::search: return "search";
  case operation_kind::final_read: return "final";
  }
  return "?";
}

std::string_view to_string(outcome_kind outcome) {
  switch (outcome) {
  case outcome_kind::ok: return "ok";
  case outcome_kind::failed: return "failed";
  case outcome_kind::unknown: return "unknown";
  }
  return "?";
}

operation make_get(std::string key, std::optional<std::string> value, std::uint64_t mod_revision) {
  auto op = of(operation_kind::get);
  op.reads = {{std::move(key), std::move(value), mod_revision, false}};
  return op;
}

operation make_put(std::string key, std::string value) {
  auto op = of(operation_kind::put);
  op.writes = {{std::move(key), std::move(value), 0, false}};
  return op;
}

operation make_erase(std::string key, bool deleted) {
  auto op = of(operation_kind::erase);
  op.matched = deleted;
  op.expected = {{key, std::nullopt, 0, true}};
  op.writes = {{std::move(key), std::nullopt, 0, false}};
  return op;
}

operation make_cas(std::string key, std::optional<std::string> expected, std::string value, bool matched) {
  auto op = of(operation_kind::cas);
  op.matched = matched;
  op.expected = {{key, std::move(expected), 0, false}};
  op.writes = {{std::move(key), std::move(value), 0, false}};
  return op;
}

operation make_txn(std::vector<cell> expected, std::vector<cell> writes, bool matched) {
  auto op = of(operation_kind::txn);
  op.matched = matched;
  op.expected = std::move(expected);
  op.writes = std::move(writes);
  return op;
}

operation make_transfer(std::vector<cell> expected, std::vector<cell> writes, bool matched) {
  auto op = make_txn(std::move(expected), std::move(writes), matched);
  op.kind = operation_kind::transfer;
  return op;
}

operation make_snapshot(std::vector<cell> reads) {
  auto op = of(operation_kind::snapshot);
  op.reads = std::move(reads);
  return op;
}

operation make_append(std::string key, std::string element) {
  auto op = of(operation_kind::append);
  op.key = std::move(key);
  op.word = std::move(element);
  return op;
}

operation make_list(std::string key, std::vector<std::string> elements) {
  auto op = of(operation_kind::list);
  op.key = std::move(key);
  op.elements = std::move(elements);
  return op;
}

operation make_search(std::string word, std::vector<cell> hits) {
  auto op = of(operation_kind::search);
  op.word = std::move(word);
  op.reads = std::move(hits);
  return op;
}

operation make_final_read(std::string node, std::string prefix, std::vector<cell> reads) {
  auto op = of(operation_kind::final_read);
  op.node = std::move(node);
  op.word = std::move(prefix);
  op.reads = std::move(reads);
  return op;
}

std::string describe(const operation& op) {
  std::string out = "client " + std::to_string(op.client) + " [" + std::to_string(op.called) + ", " +
                    (op.outcome == outcome_kind::unknown ? "?" : std::to_string(op.returned)) + "] ";
  out.append(to_string(op.kind)).append(" ").append(to_string(op.outcome));
  if (!op.node.empty()) out.append(" at ").append(short_text(op.node));
  if (!op.key.empty()) out.append(" ").append(short_text(op.key));
  if (!op.word.empty()) out.append(" ").append(short_text(op.word));
  add_cells(out, "if", op.expected, " is ");
  if (!op.matched) out.append(" (did not hold)");
  add_cells(out, "writes", op.writes, " = ");
  add_cells(out, "reads", op.reads, " is ");
  if (op.kind == operation_kind::list) out.append(" with ").append(std::to_string(op.elements.size()));
  for (const auto& element : op.elements) {
    if (out.size() > described_bytes_max) break;
    out.append(" ").append(short_text(element));
  }
  if (op.revision != 0) out.append(" at revision ").append(std::to_string(op.revision));
  if (out.size() > described_bytes_max) out.replace(described_bytes_max, std::string::npos, "...");
  return out;
}

} // namespace troupe::checkers
