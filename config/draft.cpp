#include "config/draft.hpp"

#include "base/assert.hpp"
#include "config/text.hpp"

#include <boost/url/parse.hpp>
#include <boost/url/url_view.hpp>

#include <algorithm>
#include <array>

namespace troupe::config {
namespace {

constexpr std::array<std::string_view, 5> level_names{"trace", "debug", "info", "warn", "error"};
constexpr std::array<std::string_view, 4> maker_names{"none", "builtin", "client", "http"};
constexpr std::array<std::string_view, 3> metric_names{"cosine", "inner_product", "l2"};
/// What Debian's libstemmer 2.2 knows; "porter" is the older English one.
constexpr auto languages = std::to_array<std::string_view>(
    {"none",    "arabic",     "armenian", "basque",    "catalan", "danish",     "dutch",      "english",
     "finnish", "french",     "german",   "greek",     "hindi",   "hungarian",  "indonesian", "irish",
     "italian", "lithuanian", "nepali",   "norwegian", "porter",  "portuguese", "romanian",   "russian",
     "serbian", "spanish",    "swedish",  "tamil",     "turkish", "yiddish"});

bool is_name_char(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

error invalid(std::string detail) {
  return {errc::invalid_argument, std::move(detail)};
}

bool is_control(char c) {
  return static_cast<unsigned char>(c) < ' ' || c == '\x7f';
}

/// The place of the text among the names of an enumeration.
template <class Enum, std::size_t N>
result<Enum> parse_choice(std::string_view text, const std::array<std::string_view, N>& names,
                          std::string_view what) {
  const auto found = std::ranges::find(names, text);
  if (found != names.end()) return static_cast<Enum>(found - names.begin());
  auto detail = in_quotes(text) + " is not " + std::string(what) + "; use ";
  for (std::size_t i = 0; i < N; ++i)
    detail.append(i == 0 ? "" : i + 1 == N ? " or " : ", ").append(names.at(i));
  if (const auto near = nearest(text, names); !near.empty())
    detail += " (did you mean " + in_quotes(near) + "?)";
  return invalid(std::move(detail));
}

} // namespace

std::string_view to_string(log_level level) {
  return level_names.at(static_cast<std::size_t>(level));
}

std::string_view to_string(embedding_maker maker) {
  return maker_names.at(static_cast<std::size_t>(maker));
}

std::string_view to_string(embedding_metric metric) {
  return metric_names.at(static_cast<std::size_t>(metric));
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
  if (std::ranges::any_of(text, is_control))
    return invalid(in_quotes(text) + " has control characters in it");
  return std::string(text);
}

result<log_level> parse_log_level(std::string_view text) {
  return parse_choice<log_level>(text, level_names, "a log level");
}

result<std::string> parse_language(std::string_view text) {
  const auto found = parse_choice<std::size_t>(text, languages, "a language with a stemmer");
  if (!found) return found.error();
  return std::string(text);
}

result<embedding_maker> parse_maker(std::string_view text) {
  return parse_choice<embedding_maker>(text, maker_names, "a maker of vectors");
}

result<embedding_metric> parse_metric(std::string_view text) {
  return parse_choice<embedding_metric>(text, metric_names, "a way to compare vectors");
}

result<std::string> parse_model_name(std::string_view text) {
  if (text.empty()) return invalid("is empty");
  if (text.size() > embedding_settings::name_bytes_max)
    return invalid(in_quotes(text) + " is longer than " + std::to_string(embedding_settings::name_bytes_max) +
                   " bytes");
  if (std::ranges::any_of(text, is_control))
    return invalid(in_quotes(text) + " has control characters in it");
  return std::string(text);
}

result<std::string> parse_endpoint(std::string_view text) {
  const auto bad = [&](std::string_view why) {
    return invalid(in_quotes(text) + " " + std::string(why) +
                   "; write the address that takes texts, such as \"http://localhost:11434/v1/embeddings\"");
  };
  const auto url = boost::urls::parse_uri(text);
  if (!url) return bad("is not a URL");
  if (url->scheme() != "http" && url->scheme() != "https") return bad("is not an http or https URL");
  if (url->host().empty()) return bad("has no host");
  if (url->has_userinfo()) return bad("has a user name in it, and keys belong in api_key_file");
  if (url->has_fragment()) return bad("has a fragment");
  return std::string(text);
}

result<std::string> parse_prefix(std::string_view text) {
  if (text.empty()) return invalid("an empty prefix is that of all keys; leave prefixes out for that");
  if (text.size() > prefix_bytes_max) return invalid(in_quotes(text) + " is longer than any key");
  return std::string(text);
}

} // namespace troupe::config
