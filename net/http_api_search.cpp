// GET and POST /v1/search: the same names as parameters and as members of a JSON body.

#include "command/check_search.hpp"
#include "config/units.hpp"
#include "net/http_api_body.hpp"
#include "net/http_api_detail.hpp"
#include "net/http_text.hpp"

#include <charconv>

namespace troupe::net::api {

namespace {

using kind = json_node::kind;

constexpr std::chrono::milliseconds timeout_max{60'000};

struct search_ask {
  search_request what;
  std::uint32_t timeout_ms = 0;
};

/// Puts the text of one parameter where it belongs. What is wrong with it, or nothing.
using setter = std::string (*)(search_ask&, std::string_view);

template <auto Member>
std::string set_text(search_ask& ask, std::string_view text) {
  ask.what.*Member = text;
  return {};
}

template <auto Member>
std::string set_words(search_ask& ask, std::string_view text) {
  if (!is_utf8(text)) return "is not valid UTF-8";
  return set_text<Member>(ask, text);
}

template <auto Member>
std::string set_count(search_ask& ask, std::string_view text) {
  const auto number = parse_u64(text);
  if (!number || *number > UINT32_MAX) return "is a whole number that is not negative";
  ask.what.*Member = static_cast<std::uint32_t>(*number);
  return {};
}

template <auto Member>
std::string set_flag(search_ask& ask, std::string_view text) {
  if (text != "true" && text != "false") return "is true or false";
  ask.what.*Member = text == "true";
  return {};
}

template <auto Member>
std::string set_weight(search_ask& ask, std::string_view text) {
  double weight = 0;
  const auto [end, code] = std::from_chars(text.data(), text.data() + text.size(), weight);
  if (code != std::errc{} || end != text.data() + text.size()) return "is a number from 0 on";
  ask.what.*Member = weight;
  return {};
}

std::string set_mode(search_ask& ask, std::string_view text) {
  if (text != "text" && text != "semantic" && text != "hybrid") return "is text, semantic or hybrid";
  ask.what.mode = text == "text"       ? search_mode::text
                  : text == "semantic" ? search_mode::semantic
                                       : search_mode::hybrid;
  return {};
}

std::string set_consistency(search_ask& ask, std::string_view text) {
  if (text != "linearizable" && text != "stale") return "is linearizable or stale";
  ask.what.freshness = text == "stale" ? consistency::stale : consistency::linearizable;
  return {};
}

std::string set_min_revision(search_ask& ask, std::string_view text) {
  const auto number = parse_u64(text);
  if (!number) return "is a revision: a whole number that is not negative";
  ask.what.min_revision = revision_t{*number};
  return {};
}

std::string set_timeout(search_ask& ask, std::string_view text) {
  const auto time = config::parse_duration(text);
  if (!time) return "is wrong: " + time.error().detail;
  if (time->count() < 1 || *time > timeout_max) return "is at least 1ms and at most 60s";
  ask.timeout_ms = static_cast<std::uint32_t>(time->count());
  return {};
}

std::string set_vectors(search_ask& ask, std::string_view text) {
  if (text != "wait") return "is wait, or left out";
  ask.what.wait_vectors = true;
  return {};
}

/// What is written in one way only and means the same in a parameter and in a member.
struct scalar {
  std::string_view name;
  kind type; ///< of the member
  setter set;
};

using r = search_request;
constexpr std::array scalars{
    scalar{"q", kind::string, set_words<&r::query>},
    scalar{"mode", kind::string, set_mode},
    scalar{"limit", kind::number, set_count<&r::limit>},
    scalar{"offset", kind::number, set_count<&r::offset>},
    scalar{"prefix", kind::string, set_text<&r::prefix>},
    scalar{"filter", kind::string, set_words<&r::filter>},
    scalar{"consistency", kind::string, set_consistency},
    scalar{"min_revision", kind::number, set_min_revision},
    scalar{"timeout", kind::string, set_timeout},
    scalar{"vectors", kind::string, set_vectors},
    scalar{"explain", kind::boolean, set_flag<&r::explain>},
    scalar{"values", kind::boolean, set_flag<&r::values>},
    scalar{"highlights", kind::boolean, set_flag<&r::highlights>},
    scalar{"text_weight", kind::number, set_weight<&r::text_weight>},
    scalar{"vector_weight", kind::number, set_weight<&r::vector_weight>},
    scalar{"paged", kind::boolean, set_flag<&r::paged>},
    scalar{"cursor", kind::string, set_text<&r::cursor>},
};
constexpr std::size_t lists = 3; ///< fields, facets, vector

/// Calls use(part) on what stands between the commas.
template <class Use>
void each_part(std::string_view text, Use use) {
  for (;;) {
    const auto comma = text.find(',');
    use(text.substr(0, comma));
    if (comma == std::string_view::npos) return;
    text.remove_prefix(comma + 1);
  }
}

/// "field" or "field:limit". A colon that no number follows belongs to the name.
facet_request facet_of(std::string_view text) {
  const auto colon = text.rfind(':');
  if (colon != std::string_view::npos)
    if (const auto limit = parse_u64(text.substr(colon + 1)); limit && *limit <= UINT32_MAX)
      return {std::string{text.substr(0, colon)}, static_cast<std::uint32_t>(*limit)};
  return {std::string{text}, facet_request{}.limit};
}

result<facet_request> facet_of(json_node& node, const std::string& where) {
  if (node.what == kind::string) return facet_of(node.text);
  if (node.what != kind::object)
    return wrong(where, "must be \"field\", \"field:limit\" or {\"field\",\"limit\"}");
  auto found = members(node, std::array<std::string_view, 2>{"field", "limit"}, where);
  if (!found) return found.error();
  auto [field, limit] = *found;
  if (!field || field->what != kind::string) return wrong(where, "\"field\" must be a string");
  facet_request facet{std::move(field->text), facet_request{}.limit};
  if (!limit) return facet;
  const auto number = limit->what == kind::number ? parse_u64(limit->text) : std::nullopt;
  if (!number || *number > UINT32_MAX) return wrong(where, "\"limit\" must be a whole number");
  facet.limit = static_cast<std::uint32_t>(*number);
  return facet;
}

result<void> read_lists(json_node* fields, json_node* facets, json_node* vector, search_request& into) {
  for (auto [list, name] : {std::pair{fields, "fields"}, std::pair{facets, "facets"}})
    if (list && list->what != kind::array) return wrong(name, "must be an array");
  if (vector && vector->what != kind::vector) return wrong("vector", "must be an array of numbers");
  for (std::size_t i = 0; fields && i < fields->children.size(); ++i) {
    auto& node = fields->children[i];
    if (node.what != kind::string) return wrong("fields[" + std::to_string(i) + "]", "must be a string");
    into.fields.push_back(std::move(node.text));
  }
  for (std::size_t i = 0; facets && i < facets->children.size(); ++i) {
    auto facet = facet_of(facets->children[i], "facets[" + std::to_string(i) + "]");
    if (!facet) return facet.error();
    into.facets.push_back(std::move(*facet));
  }
  if (vector) into.vector = std::move(vector->numbers);
  return {};
}

result<void> read_member(const scalar& one, json_node& node, search_ask& ask) {
  static constexpr std::string_view names[]{"null", "true or false", "a number", "a string"};
  const std::string name{one.name};
  if (node.what != one.type)
    return wrong(name, "must be " + std::string{names[static_cast<std::size_t>(one.type)]});
  const std::string_view text = node.what != kind::boolean ? std::string_view{node.text}
                                : node.truth               ? "true"
                                                           : "false";
  if (auto bad = one.set(ask, text); !bad.empty()) return error{errc::invalid_argument, name + " " + bad};
  return {};
}

result<void> read_members(json_node& root, search_ask& ask) {
  static constexpr auto known = [] {
    std::array<std::string_view, lists + scalars.size()> names{"fields", "facets", "vector"};
    for (std::size_t i = 0; i < scalars.size(); ++i)
      names[lists + i] = scalars[i].name;
    return names;
  }();
  auto found = members(root, known, "the body");
  if (!found) return found.error();
  for (std::size_t i = 0; i < scalars.size(); ++i)
    if (auto* node = (*found)[lists + i])
      if (auto read = read_member(scalars[i], *node, ask); !read) return read;
  return read_lists((*found)[0], (*found)[1], (*found)[2], ask.what);
}

/// Two of one field would be one member of the answer.
std::optional<http_response> check_facets(const search_request& what) {
  for (auto one = what.facets.begin(); one != what.facets.end(); ++one)
    if (std::find_if(what.facets.begin(), one, [&](auto& f) { return f.field == one->field; }) != one)
      return problem(problems::bad_search, "facets: \"" + one->field + "\" is given twice", {},
                     ",\"part\":\"facets\"");
  return std::nullopt;
}

outcome_of_translation call_of(search_ask&& ask) {
  if (const auto bad = check_search(ask.what)) return render_search_refused(*bad);
  if (auto bad = check_facets(ask.what)) return std::move(*bad);
  const search_plan plan{ask.what.values, ask.what.highlights, ask.what.paged, !ask.what.cursor.empty()};
  return http_call{std::move(ask.what), ask.timeout_ms, plan};
}

} // namespace

outcome_of_translation get_search(context& request) {
  const auto& target = request.target;
  if (auto bad =
          check_parameters(target, {"q", "mode", "limit", "offset", "prefix", "fields", "filter", "facets",
                                    "timeout", "values", "highlights", "consistency", "min_revision",
                                    "vectors", "explain", "paged", "cursor", "text_weight", "vector_weight"}))
    return std::move(*bad);
  search_ask ask{{}, request.options.timeout_ms};
  for (auto& one : scalars)
    if (const auto given = target.parameter(one.name))
      if (auto bad = one.set(ask, *given); !bad.empty())
        return problem(problems::bad_parameter, std::string{one.name} + " " + bad);
  if (const auto given = target.parameter("fields"))
    each_part(*given, [&](std::string_view field) { ask.what.fields.emplace_back(field); });
  if (const auto given = target.parameter("facets"))
    each_part(*given, [&](std::string_view facet) { ask.what.facets.push_back(facet_of(facet)); });
  return call_of(std::move(ask));
}

outcome_of_translation post_search(context& request) {
  auto root = read_body(request, {});
  if (auto* bad = refused(root)) return std::move(*bad);
  search_ask ask{{}, request.options.timeout_ms};
  if (auto read = read_members(std::get<1>(root), ask); !read)
    return problem(problems::bad_body, read.error().detail);
  return call_of(std::move(ask));
}

} // namespace troupe::net::api
