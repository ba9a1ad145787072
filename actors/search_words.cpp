#include "actors/search_words.hpp"

namespace troupe {

namespace {

search_explanation explanation_of(search::hit_explanation&& e) {
  search_explanation out;
  for (auto& p : e.text)
    out.text.push_back({std::move(p.term), std::move(p.field), p.idf, p.frequency, p.length, p.average_length,
                        p.weight, p.score});
  out.text_score = e.text_score;
  out.text_rank = e.text_rank;
  out.vector_score = e.vector_score;
  out.vector_rank = e.vector_rank;
  out.passage = e.passage;
  return out;
}

} // namespace

search::engine_ask ask_of(const search_request& r) {
  search::engine_ask out;
  out.mode = static_cast<search::search_mode>(r.mode);
  out.query = r.query;
  out.vector = r.vector;
  out.filter = r.filter;
  out.prefix = r.prefix;
  out.fields = r.fields;
  for (auto& f : r.facets)
    out.facets.push_back({f.field, f.limit});
  out.limit = r.limit;
  out.offset = r.offset;
  out.text_weight = r.text_weight;
  out.vector_weight = r.vector_weight;
  out.explain = r.explain;
  out.values = r.values;
  out.highlights = r.highlights;
  return out;
}

search_hit hit_of(search::engine_hit&& h) {
  search_hit out;
  out.key = std::move(h.key);
  out.mod_revision = h.mod_revision;
  out.type = static_cast<media_type>(h.kind);
  out.value = std::move(h.value);
  out.score = h.score;
  for (auto& s : h.highlights)
    out.highlights.push_back({std::move(s.field), std::move(s.text), std::move(s.marks)});
  if (h.explanation) out.explanation = explanation_of(std::move(*h.explanation));
  return out;
}

facet_result facet_of(search::facet_answer&& f) {
  facet_result out{std::move(f.field), {}};
  for (auto& c : f.counts)
    out.values.push_back({std::move(c.value), c.count});
  return out;
}

search_result problem_of(const search::ask_problem& p) {
  auto out = failed_search(search_outcome::bad_request, p.what.detail);
  out.part = p.part;
  out.begin = p.what.begin;
  out.end = p.what.end;
  return out;
}

} // namespace troupe
