// The answers of /v1/search.

#include "net/http_api_detail.hpp"
#include "net/http_text.hpp"

namespace troupe::net::api {

namespace {

template <class Number>
void append_field(std::string& out, std::string_view name, Number number) {
  out += name;
  append_number(out, number);
}

/// Calls append(item) on each, with commas between.
template <class List, class Append>
void append_list(std::string& out, const List& list, Append append) {
  out += '[';
  bool first = true;
  for (auto& item : list) {
    if (!std::exchange(first, false)) out += ',';
    append(item);
  }
  out += ']';
}

void append_snippet(std::string& out, const search_snippet& snippet) {
  out += "{\"field\":";
  append_json_text(out, snippet.field);
  out += ",\"text\":";
  append_json_text(out, snippet.text);
  out += ",\"marks\":";
  append_list(out, snippet.marks, [&](auto& mark) {
    append_field(out, "[", std::uint64_t{mark.first});
    append_field(out, ",", std::uint64_t{mark.second});
    out += ']';
  });
  out += '}';
}

void append_addend(std::string& out, const score_addend& part) {
  out += "{\"term\":";
  append_json_text(out, part.term);
  out += ",\"field\":";
  append_json_text(out, part.field);
  append_field(out, ",\"idf\":", part.idf);
  append_field(out, ",\"frequency\":", part.frequency);
  append_field(out, ",\"length\":", part.length);
  append_field(out, ",\"average_length\":", part.average_length);
  append_field(out, ",\"weight\":", part.weight);
  append_field(out, ",\"score\":", part.score);
  out += '}';
}

void append_rank(std::string& out, std::string_view name, std::uint32_t rank) {
  out += name;
  if (rank == 0)
    out += "null";
  else
    append_number(out, std::uint64_t{rank});
}

void append_explanation(std::string& out, const search_explanation& why) {
  out += ",\"explanation\":{\"text\":";
  append_list(out, why.text, [&](auto& part) { append_addend(out, part); });
  append_field(out, ",\"text_score\":", why.text_score);
  append_rank(out, ",\"text_rank\":", why.text_rank);
  append_field(out, ",\"vector_score\":", why.vector_score);
  append_rank(out, ",\"vector_rank\":", why.vector_rank);
  append_field(out, ",\"passage\":", std::uint64_t{why.passage});
  out += '}';
}

void append_hit(std::string& out, const search_plan& plan, const search_hit& hit) {
  out += "{\"key\":";
  append_json_bytes(out, hit.key);
  append_field(out, ",\"score\":", hit.score);
  if (plan.values && !(plan.goes_on && hit.value.empty())) {
    out += ",\"value\":";
    append_json_value(out, hit.value.view(), hit.type);
  }
  out += ",\"media_type\":\"";
  out += media_type_name(hit.type);
  append_field(out, "\",\"mod_revision\":", hit.mod_revision.value);
  if (plan.highlights) {
    out += ",\"highlights\":";
    append_list(out, hit.highlights, [&](auto& snippet) { append_snippet(out, snippet); });
  }
  if (hit.explanation) append_explanation(out, *hit.explanation);
  out += '}';
}

void append_facets(std::string& out, const std::vector<facet_result>& facets) {
  out += ",\"facets\":{";
  for (auto& facet : facets) {
    if (&facet != &facets.front()) out += ',';
    append_json_text(out, facet.field);
    out += ':';
    append_list(out, facet.values, [&](auto& one) {
      out += "{\"value\":";
      append_json_text(out, one.value);
      append_field(out, ",\"count\":", one.count);
      out += '}';
    });
  }
  out += '}';
}

std::string revisions_of(const search_result& result) {
  std::string members;
  append_field(members, ",\"indexed_revision\":", result.indexed_revision.value);
  append_field(members, ",\"vector_revision\":", result.vector_revision.value);
  return members;
}

} // namespace

http_response render_search(const search_plan& plan, const search_result& result) {
  if (result.code != search_outcome::ok) return render_search_refused(result);
  std::string body = "{\"hits\":";
  append_list(body, result.hits, [&](auto& hit) { append_hit(body, plan, hit); });
  append_field(body, ",\"total\":", result.total);
  body += revisions_of(result);
  append_field(body, ",\"took_ms\":", static_cast<double>(result.took_us) / 1000);
  if (!result.facets.empty()) append_facets(body, result.facets);
  if (plan.paged || plan.goes_on || !result.cursor.empty()) {
    body += ",\"cursor\":";
    if (result.cursor.empty())
      body += "null";
    else
      append_json_text(body, result.cursor);
  }
  body += '}';
  return json_response(200, std::move(body));
}

http_response render_search_refused(const search_result& result) {
  switch (result.code) {
  case search_outcome::bad_request: {
    std::string members = ",\"part\":";
    append_json_text(members, result.part);
    if (result.end > 0) {
      append_field(members, ",\"position\":[", std::uint64_t{result.begin});
      append_field(members, ",", std::uint64_t{result.end});
      members += ']';
    }
    const auto detail = result.part.empty() ? result.detail : result.part + ": " + result.detail;
    return problem(problems::bad_search, detail, {}, members);
  }
  case search_outcome::cursor_gone:
    return problem(problems::cursor_gone,
                   result.detail.empty()
                       ? "the node no longer keeps these results, or never did; search again"
                       : result.detail);
  case search_outcome::not_yet: {
    std::string detail = "the time ran out with words indexed up to revision ";
    append_number(detail, result.indexed_revision.value);
    detail += " and vectors up to revision ";
    append_number(detail, result.vector_revision.value);
    return problem(problems::index_behind, detail, {}, revisions_of(result));
  }
  case search_outcome::no_index:
    return problem(problems::search_off, result.detail.empty()
                                             ? "the configuration of this node turns this index off"
                                             : result.detail);
  case search_outcome::ok: break;
  }
  return problem(problems::internal, "the node gave an answer that is none");
}

} // namespace troupe::net::api
