#include "command/check_search.hpp"

#include "command/limits.hpp"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <string>

namespace troupe {

namespace {

using problem = std::optional<search_result>;

problem bad(std::string part, std::string detail, std::size_t begin = 0, std::size_t end = 0) {
  search_result r;
  r.code = search_outcome::bad_request;
  r.part = std::move(part);
  r.detail = std::move(detail);
  r.begin = static_cast<std::uint32_t>(std::min<std::size_t>(begin, UINT32_MAX));
  r.end = static_cast<std::uint32_t>(std::min<std::size_t>(end, UINT32_MAX));
  return r;
}

problem check_length(const char* part, const std::string& text, std::size_t bytes_max) {
  if (text.size() <= bytes_max) return {};
  return bad(part,
             std::to_string(text.size()) + " bytes are too long, the limit is " + std::to_string(bytes_max),
             bytes_max, text.size());
}

problem check_name(const char* part, const std::string& field) {
  if (field.empty()) return bad(part, "a field needs a name");
  return check_length(part, field, limits::search_query_bytes_max);
}

problem check_page(const search_request& r) {
  if (r.limit == 0 || r.limit > limits::search_limit_max)
    return bad("limit", "it is 1 to " + std::to_string(limits::search_limit_max));
  if (r.cursor.empty() && std::uint64_t{r.offset} + r.limit > limits::search_results_max)
    return bad("offset",
               "offset and limit together are at most " + std::to_string(limits::search_results_max));
  return check_length("cursor", r.cursor, limits::search_query_bytes_max);
}

problem check_weights(const search_request& r) {
  auto wrong = [](double weight) { return !std::isfinite(weight) || weight < 0; };
  if (wrong(r.text_weight)) return bad("text_weight", "a weight is a number from 0 on");
  if (wrong(r.vector_weight)) return bad("vector_weight", "a weight is a number from 0 on");
  if (r.mode == search_mode::hybrid && r.text_weight == 0 && r.vector_weight == 0)
    return bad("text_weight", "one of the two weights has to be above 0");
  return {};
}

problem check_fields(const search_request& r) {
  if (r.fields.size() > limits::search_fields_max)
    return bad("fields", "there are at most " + std::to_string(limits::search_fields_max));
  for (auto& field : r.fields)
    if (auto wrong = check_name("fields", field)) return wrong;
  if (r.facets.size() > limits::search_facets_max)
    return bad("facets", "there are at most " + std::to_string(limits::search_facets_max));
  for (auto& facet : r.facets) {
    if (auto wrong = check_name("facets", facet.field)) return wrong;
    if (facet.limit == 0 || facet.limit > limits::facet_values_max)
      return bad("facets", "each has 1 to " + std::to_string(limits::facet_values_max) + " values");
  }
  return {};
}

/// What is looked for, by words or by meaning.
problem check_wanted(const search_request& r) {
  if (auto wrong = check_length("q", r.query, limits::search_query_bytes_max)) return wrong;
  if (r.mode == search_mode::text && !r.vector.empty())
    return bad("vector", "a search by text takes no vector; ask with mode semantic or hybrid");
  if (r.vector.size() > limits::vector_dimension_max)
    return bad("vector", "it has at most " + std::to_string(limits::vector_dimension_max) + " numbers");
  if (!std::all_of(r.vector.begin(), r.vector.end(), [](float x) { return std::isfinite(x); }))
    return bad("vector", "its numbers have to be finite");
  if (!r.query.empty()) return {};
  if (r.mode != search_mode::semantic) return bad("q", "it says what to look for and must not be empty");
  return r.vector.empty() ? bad("q", "a search by meaning needs a text or a vector") : problem{};
}

} // namespace

std::optional<search_result> check_search(const search_request& r) {
  if (auto wrong = check_page(r)) return wrong;
  if (!r.cursor.empty()) return {};
  if (auto wrong = check_wanted(r)) return wrong;
  if (auto wrong = check_length("filter", r.filter, limits::search_query_bytes_max)) return wrong;
  if (auto wrong = check_length("prefix", r.prefix, limits::key_bytes_max)) return wrong;
  if (auto wrong = check_weights(r)) return wrong;
  return check_fields(r);
}

} // namespace troupe
