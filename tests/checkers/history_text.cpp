#include "tests/checkers/history_text.hpp"

#include <array>
#include <charconv>
#include <utility>

namespace troupe::checkers {

namespace {

constexpr std::array kinds{operation_kind::get,      operation_kind::put,       operation_kind::erase,
                           operation_kind::cas,      operation_kind::txn,       operation_kind::transfer,
                           operation_kind::snapshot, operation_kind::append,    operation_kind::list,
                           operation_kind::search,   operation_kind::final_read};
constexpr std::array outcomes{outcome_kind::ok, outcome_kind::failed, outcome_kind::unknown};

bool stands_for_itself(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '.' ||
         c == '_' || c == '~' || c == '/' || c == ':';
}

void add_escaped(std::string& out, std::string_view bytes) {
  constexpr std::string_view digits = "0123456789ABCDEF";
  for (const char c : bytes)
    if (stands_for_itself(c)) {
      out += c;
    } else {
      const auto byte = static_cast<unsigned char>(c);
      out.append({'%', digits[byte >> 4], digits[byte & 15]});
    }
}

void add_cell(std::string& out, std::string_view title, const cell& c) {
  out.append(title);
  add_escaped(out, c.key);
  out += '=';
  if (c.anything)
    out += '*';
  else if (c.value)
    add_escaped(out, *c.value);
  else
    out += '!';
  if (c.revision != 0) out.append("@").append(std::to_string(c.revision));
}

void add_word(std::string& out, std::string_view title, std::string_view bytes) {
  out.append(title);
  add_escaped(out, bytes);
}

error invalid(std::string detail) {
  return {errc::invalid_argument, std::move(detail)};
}

error invalid_word(std::string_view word) {
  return invalid("'" + std::string(word.substr(0, 80)) + "' is not understood");
}

/// Takes the next word off `rest`. Two blanks in a row give an empty one, which nobody understands.
std::string_view take_word(std::string_view& rest) {
  const auto end = rest.find(' ');
  const auto word = rest.substr(0, end);
  rest = end == std::string_view::npos ? std::string_view{} : rest.substr(end + 1);
  return word;
}

template <class Number>
bool parse_number(std::string_view text, Number& out) {
  const auto [end, failure] = std::from_chars(text.data(), text.data() + text.size(), out);
  return failure == std::errc{} && end == text.data() + text.size() && !text.empty();
}

int hex_digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  return -1;
}

bool parse_escaped(std::string_view text, std::string& out) {
  out.clear();
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (stands_for_itself(text[i])) {
      out += text[i];
      continue;
    }
    if (text[i] != '%' || text.size() - i < 3) return false;
    const int high = hex_digit(text[i + 1]), low = hex_digit(text[i + 2]);
    if (high < 0 || low < 0) return false;
    out += static_cast<char>(high * 16 + low);
    i += 2;
  }
  return true;
}

/// KEY=VALUE with an optional @REVISION.
bool parse_cell(std::string_view text, cell& out) {
  if (const auto at = text.find('@'); at != std::string_view::npos) {
    if (!parse_number(text.substr(at + 1), out.revision) || out.revision == 0) return false;
    text = text.substr(0, at);
  }
  const auto equals = text.find('=');
  if (equals == std::string_view::npos || !parse_escaped(text.substr(0, equals), out.key)) return false;
  const auto value = text.substr(equals + 1);
  if (value == "*") {
    out.anything = true;
    return true;
  }
  if (value == "!") return out.revision == 0;
  out.value.emplace();
  return parse_escaped(value, *out.value);
}

bool parse_hit(std::string_view text, cell& out) {
  if (const auto at = text.find('@'); at != std::string_view::npos) {
    if (!parse_number(text.substr(at + 1), out.revision) || out.revision == 0) return false;
    text = text.substr(0, at);
  }
  return parse_escaped(text, out.key);
}

/// One of the words after the fixed ones.
bool parse_detail(std::string_view word, operation& op) {
  if (word == "unmatched") return std::exchange(op.matched, false);
  if (word.size() < 2 || word[1] != ':') return false;
  const auto rest = word.substr(2);
  cell c;
  switch (word[0]) {
  case 'c':
    if (!parse_cell(rest, c) || c.revision != 0) return false;
    op.expected.push_back(std::move(c));
    return true;
  case 'w':
    if (!parse_cell(rest, c) || c.revision != 0 || c.anything) return false;
    op.writes.push_back(std::move(c));
    return true;
  case 'r':
    if (!parse_cell(rest, c) || c.anything || op.kind == operation_kind::search) return false;
    op.reads.push_back(std::move(c));
    return true;
  case 'h':
    if (op.kind != operation_kind::search || !parse_hit(rest, c)) return false;
    op.reads.push_back(std::move(c));
    return true;
  case 'k': return op.key.empty() && parse_escaped(rest, op.key);
  case 'q': return op.word.empty() && parse_escaped(rest, op.word);
  case 'n': return op.node.empty() && parse_escaped(rest, op.node);
  case 'e': return op.kind == operation_kind::list && parse_escaped(rest, op.elements.emplace_back());
  default: return false;
  }
}

result<void> parse_accounts(std::string_view rest, history& h) {
  account_group group;
  if (!parse_escaped(take_word(rest), group.prefix))
    return invalid("the prefix of accounts is not understood");
  if (!parse_number(rest, group.total)) return invalid("the total of accounts is not a number");
  h.accounts.push_back(std::move(group));
  return {};
}

template <class Values, class Value>
bool parse_name(std::string_view word, const Values& values, Value& out) {
  for (const auto value : values)
    if (word == to_string(value)) {
      out = value;
      return true;
    }
  return false;
}

} // namespace

std::string format_operation(const operation& op) {
  std::string out(to_string(op.kind));
  out.append(" ").append(std::to_string(op.client)).append(" ").append(to_string(op.outcome));
  out.append(" ").append(std::to_string(op.called)).append(" ").append(std::to_string(op.returned));
  out.append(" ").append(std::to_string(op.revision));
  for (const auto& c : op.expected)
    add_cell(out, " c:", c);
  if (!op.matched) out.append(" unmatched");
  for (const auto& c : op.writes)
    add_cell(out, " w:", c);
  for (const auto& c : op.reads)
    if (op.kind == operation_kind::search) {
      add_word(out, " h:", c.key);
      if (c.revision != 0) out.append("@").append(std::to_string(c.revision));
    } else {
      add_cell(out, " r:", c);
    }
  if (!op.key.empty()) add_word(out, " k:", op.key);
  for (const auto& element : op.elements)
    add_word(out, " e:", element);
  if (!op.word.empty()) add_word(out, " q:", op.word);
  if (!op.node.empty()) add_word(out, " n:", op.node);
  out += '\n';
  return out;
}

std::string format_accounts(const account_group& group) {
  std::string out = "accounts ";
  add_escaped(out, group.prefix);
  out.append(" ").append(std::to_string(group.total)).append("\n");
  return out;
}

std::string format_history(const history& h) {
  std::string out(history_head);
  for (const auto& group : h.accounts)
    out += format_accounts(group);
  for (const auto& op : h.operations)
    out += format_operation(op);
  return out;
}

result<void> parse_line(std::string_view line, history& h) {
  if (line.empty() || line.front() == '#') return {};
  if (line.size() > line_bytes_max) return error{errc::too_large, "a line of more than 16 MiB"};
  if (line.back() == ' ') return invalid("a blank at the end");
  auto rest = line;
  const auto first = take_word(rest);
  if (first == "accounts") return parse_accounts(rest, h);
  if (h.operations.size() >= operations_max) return error{errc::too_large, "more than 10,000,000 operations"};
  operation op;
  if (!parse_name(first, kinds, op.kind)) return invalid_word(first);
  auto word = take_word(rest);
  if (!parse_number(word, op.client)) return invalid_word(word);
  word = take_word(rest);
  if (!parse_name(word, outcomes, op.outcome)) return invalid_word(word);
  for (auto* number : {&op.called, &op.returned}) {
    word = take_word(rest);
    if (!parse_number(word, *number)) return invalid_word(word);
  }
  word = take_word(rest);
  if (!parse_number(word, op.revision)) return invalid_word(word);
  while (!rest.empty()) {
    word = take_word(rest);
    if (!parse_detail(word, op)) return invalid_word(word);
  }
  h.operations.push_back(std::move(op));
  return {};
}

result<history> parse_history(std::string_view text) {
  if (!text.starts_with(history_head)) return invalid("line 1: not 'troupe-history 1'");
  history h;
  text.remove_prefix(history_head.size());
  for (std::size_t number = 2; !text.empty(); ++number) {
    const auto end = text.find('\n');
    if (end == std::string_view::npos)
      return invalid("line " + std::to_string(number) + ": it has no end: the file was cut");
    if (auto read = parse_line(text.substr(0, end), h); !read)
      return error{read.error().code, "line " + std::to_string(number) + ": " + read.error().detail};
    text.remove_prefix(end + 1);
  }
  return h;
}

} // namespace troupe::checkers
