#include "config/draft.hpp"

#include "base/assert.hpp"
#include "config/text.hpp"

#include <algorithm>
#include <array>

namespace troupe::config {
namespace {

constexpr std::array<std::string_view, 5> level_names{"trace", "debug", "info", "warn", "error"};

bool is_name_char(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

error invalid(std::string detail) {
  return {errc::invalid_argument, std::move(detail)};
}

} // namespace

std::string_view to_string(log_level level) {
  return level_names.at(static_cast<std::size_t>(level));
}

void problem_list::add(const origin& where, std::string_view what) {
  if (problems_.size() == shown_max) {
    ++dropped_;
    return;
  }
  problems_.push_back({where, std::string(what)});
}

bool problem_list::blames(const origin& where) const {
  return std::ranges::any_of(problems_, [&](const problem& p) { return p.where.label == where.label; });
}

error problem_list::to_error() const {
  TROUPE_ASSERT(!problems_.empty(), "an error needs a problem");
  auto sorted = problems_;
  std::ranges::stable_sort(sorted, {}, [](const problem& p) { return p.where.line; });
  std::string text;
  for (const auto& p : sorted)
    text += (text.empty() ? "" : "\n") + p.where.label + ": " + p.what;
  if (dropped_ != 0) text += "\nand " + std::to_string(dropped_) + " more";
  return {errc::invalid_argument, std::move(text)};
}

origin draft::where(std::string_view key) const {
  const auto found = set_at.find(key);
  if (found != set_at.end()) return found->second;
  return {file.empty() ? std::string(key) : file + ": " + std::string(key), 0};
}

result<std::string> parse_name(std::string_view text) {
  const bool fits = !text.empty() && text.size() <= node_id::bytes_max && is_name_char(text.front());
  const auto allowed = [](char c) { return is_name_char(c) || c == '.' || c == '_' || c == '-'; };
  if (fits && std::ranges::all_of(text, allowed)) return std::string(text);
  return invalid(in_quotes(text) +
                 " is not a name; use 1 to 64 letters, digits, '.', '_' and '-', starting with a "
                 "letter or a digit");
}

result<std::string> parse_path(std::string_view text) {
  if (text.empty()) return invalid("is empty");
  if (text.size() > 4096) return invalid(in_quotes(text) + " is longer than 4096 bytes");
  const auto is_control = [](char c) { return static_cast<unsigned char>(c) < ' ' || c == '\x7f'; };
  if (std::ranges::any_of(text, is_control))
    return invalid(in_quotes(text) + " has control characters in it");
  return std::string(text);
}

result<log_level> parse_log_level(std::string_view text) {
  const auto found = std::ranges::find(level_names, text);
  if (found != level_names.end()) return static_cast<log_level>(found - level_names.begin());
  auto detail = in_quotes(text) + " is not a log level; use trace, debug, info, warn or error";
  if (const auto near = nearest(text, level_names); !near.empty())
    detail += " (did you mean " + in_quotes(near) + "?)";
  return invalid(std::move(detail));
}

} // namespace troupe::config
