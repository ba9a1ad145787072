#include "search/engine_impl.hpp"
#include "search/passage_snippet.hpp"
#include "search/query_parser.hpp"

#include <algorithm>
#include <cmath>

namespace troupe::search {

namespace {

ask_problem problem(std::string part, std::string detail) {
  return {std::move(part), {std::move(detail), 0, 0}};
}

bool wants_text(const engine_ask& ask) {
  return ask.mode != search_mode::semantic;
}

bool wants_vectors(const engine_ask& ask) {
  return ask.mode != search_mode::text;
}

} // namespace

/// Where the query's words stand, in the fields that the ask is about.
std::vector<snippet> engine::impl::marks(const document& d, const engine_ask& ask, const query_node& query,
                                         std::size_t& to_highlight) const {
  if (to_highlight == 0) return {};
  auto content = extract(d);
  if (!ask.fields.empty())
    std::erase_if(content.texts, [&](const search::text_part& part) {
      return std::find(ask.fields.begin(), ask.fields.end(), part.field) == ask.fields.end();
    });
  snippet_settings settings;
  settings.text_bytes_max = std::min(settings.text_bytes_max, to_highlight);
  to_highlight -= std::min(to_highlight, std::max<std::size_t>(d.value.size(), 1));
  return highlight(content, query, text->words(), settings);
}

/// What can be said without reading the query.
std::optional<ask_problem> engine::impl::problem_of(const engine_ask& ask) const {
  if (ask.mode > search_mode::hybrid) return problem("mode", "there is no such mode");
  if (wants_text(ask) && !text) return problem("mode", "this node keeps no text index");
  if (wants_vectors(ask) && !vectors)
    return problem("mode", "the cluster keeps no vectors, or this node does not index them");
  if (!text && !ask.filter.empty())
    return problem("filter", "a filter needs the text index, which this node does not keep");
  if (!text && !ask.facets.empty())
    return problem("facets", "facets need the text index, which this node does not keep");
  if (ask.limit > results_max) return problem("limit", "at most 10000 results");
  if (ask.offset > results_max - ask.limit)
    return problem("offset", "offset and limit together reach beyond result 10000");
  if (ask.facets.size() > ask_facets_max) return problem("facets", "at most 16 facets");
  for (auto& facet : ask.facets)
    if (facet.limit > facet_counts_max) return problem("facets", "at most 1000 counts of a facet");
  auto weight = [](double w) { return std::isfinite(w) && w >= 0; };
  if (ask.mode == search_mode::hybrid &&
      (!weight(ask.text_weight) || !weight(ask.vector_weight) || ask.text_weight + ask.vector_weight == 0))
    return problem("weights", "weights are numbers of at least 0, and not both 0");
  if (wants_vectors(ask) && ask.vector.empty())
    return problem("vector", "this mode needs a vector to be near to");
  return std::nullopt;
}

/// Reads query and filter.
std::optional<ask_problem> engine::impl::read(plan& p) const {
  auto& ask = p.ask;
  // In semantic mode the query is any sentence; where it also reads as a query, it says which words to mark.
  if (text && (wants_text(ask) || !ask.query.empty())) {
    auto query = parse_query(ask.query, text->words());
    if (auto node = std::get_if<query_node>(&query))
      p.query = std::move(*node);
    else if (wants_text(ask))
      return ask_problem{"q", std::get<query_problem>(std::move(query))};
  }
  if (!ask.prefix.empty()) p.within = docs.with_prefix(ask.prefix);
  if (ask.filter.empty()) return std::nullopt;
  auto filter = parse_filter(ask.filter, text->words());
  if (auto wrong = std::get_if<query_problem>(&filter)) return ask_problem{"filter", std::move(*wrong)};
  text_ask filtered;
  filtered.query = &std::get<query_node>(filter);
  filtered.within = p.allowed();
  p.within = text->matches(filtered);
  return std::nullopt;
}

text_ask engine::impl::text_part(const plan& p, std::size_t hits_max) const {
  text_ask ask;
  ask.query = &*p.query;
  ask.within = p.allowed();
  ask.fields = &p.ask.fields;
  ask.hits_max = hits_max;
  ask.key_of = corpus::key_of;
  ask.keys = &docs;
  return ask;
}

std::vector<engine::impl::ranked> engine::impl::text_hits(const plan& p, std::size_t depth,
                                                          std::uint64_t& total) const {
  auto found = text->search(text_part(p, depth));
  total = found.total;
  std::vector<ranked> hits;
  for (auto& each : found.hits) {
    ranked r;
    r.doc = each.doc;
    r.score = r.text_score = each.score;
    r.text_rank = static_cast<std::uint32_t>(hits.size() + 1);
    hits.push_back(r);
  }
  return hits;
}

result<std::vector<engine::impl::ranked>> engine::impl::vector_hits(const plan& p, std::size_t depth) const {
  auto found = vectors->search(p.ask.vector, depth, p.allowed(), {corpus::key_of, &docs});
  if (!found) return found.error();
  std::vector<ranked> hits;
  for (auto& each : *found) {
    ranked r;
    r.doc = each.doc;
    r.score = r.vector_score = each.score;
    r.vector_rank = static_cast<std::uint32_t>(hits.size() + 1);
    r.passage = each.passage;
    hits.push_back(r);
  }
  return hits;
}

/// Reciprocal rank fusion, best first, ties by key.
std::vector<engine::impl::ranked> engine::impl::fused(const plan& p, std::vector<ranked> texts,
                                                      const std::vector<ranked>& others) const {
  auto by_doc = [](const ranked& a, const ranked& b) { return a.doc < b.doc; };
  std::sort(texts.begin(), texts.end(), by_doc);
  auto known = texts.size();
  for (auto& each : others) {
    auto end = texts.begin() + static_cast<std::ptrdiff_t>(known);
    auto same = std::lower_bound(texts.begin(), end, each, by_doc);
    if (same == end || same->doc != each.doc) {
      texts.push_back(each);
      continue;
    }
    same->vector_score = each.vector_score;
    same->vector_rank = each.vector_rank;
    same->passage = each.passage;
  }
  auto share = [](double weight, std::uint32_t rank) {
    return rank == 0 ? 0 : weight / (fusion_constant + rank);
  };
  for (auto& r : texts)
    r.score = share(p.ask.text_weight, r.text_rank) + share(p.ask.vector_weight, r.vector_rank);
  std::sort(texts.begin(), texts.end(), [&](const ranked& a, const ranked& b) {
    return a.score != b.score ? a.score > b.score : docs.at(a.doc).key < docs.at(b.doc).key;
  });
  return texts;
}

/// Every document that the ask is about: those that `total` counts and facets are of.
doc_set engine::impl::found_by(const plan& p) const {
  doc_set found;
  if (wants_text(p.ask)) found = text->matches(text_part(p, 0));
  if (!wants_vectors(p.ask)) return found;
  auto near = vectors->contained();
  if (p.within) near.intersect(*p.within);
  found.unite(near);
  return found;
}

std::vector<facet_answer> engine::impl::facets(const plan& p) const {
  std::vector<facet_answer> answers;
  if (p.ask.facets.empty()) return answers;
  auto over = found_by(p);
  for (auto& facet : p.ask.facets)
    answers.push_back({facet.field, text->facets(facet.field, over, facet.limit)});
  return answers;
}

std::vector<snippet> engine::impl::highlights(const plan& p, const ranked& r) const {
  auto d = document_of(r.doc);
  if (p.query) {
    auto marked = marks(d, p.ask, *p.query, p.to_highlight);
    if (!marked.empty()) return marked;
  }
  if (r.vector_rank == 0 || r.passage >= annotations[r.doc].passages.size()) return {};
  auto near = passage_snippet(embeddable_text(d), annotations[r.doc].passages[r.passage]);
  if (!near) return {};
  return {std::move(*near)};
}

engine_hit engine::impl::shown(const plan& p, const ranked& r) const {
  auto& e = docs.at(r.doc);
  engine_hit hit;
  hit.key = e.key;
  hit.mod_revision = e.mod_revision;
  hit.kind = e.kind;
  hit.score = r.score;
  if (p.ask.values) hit.value = e.value;
  if (p.ask.highlights) hit.highlights = highlights(p, r);
  if (!p.ask.explain) return hit;
  auto& why = hit.explanation.emplace();
  if (r.text_rank != 0) why.text = text->explain(text_part(p, 1), r.doc);
  why.text_score = r.text_score;
  why.text_rank = r.text_rank;
  why.vector_score = r.vector_score;
  why.vector_rank = r.vector_rank;
  why.passage = r.passage;
  return hit;
}

std::variant<engine_answer, ask_problem> engine::impl::answer(const engine_ask& ask) const {
  if (auto wrong = problem_of(ask)) return std::move(*wrong);
  plan p{ask, {}, {}};
  if (auto wrong = read(p)) return std::move(*wrong);
  engine_answer answer;
  auto depth = p.depth();
  if (ask.mode == search_mode::hybrid) depth = std::max<std::size_t>(depth, fusion_depth);
  std::vector<ranked> hits;
  if (wants_text(ask)) hits = text_hits(p, depth, answer.total);
  if (wants_vectors(ask)) {
    auto near = vector_hits(p, depth);
    if (!near) return problem("vector", near.error().detail);
    hits = wants_text(ask) ? fused(p, std::move(hits), *near) : std::move(*near);
    answer.total = found_by(p).size();
  }
  for (auto at = std::size_t{ask.offset}; at < std::min(p.depth(), hits.size()); ++at)
    answer.hits.push_back(shown(p, hits[at]));
  answer.facets = facets(p);
  return answer;
}

std::variant<engine_answer, ask_problem> engine::search(const engine_ask& ask) const {
  return impl_->answer(ask);
}

void engine::show(const engine_ask& ask, engine_hit& hit, std::size_t& to_highlight) const {
  if (!impl_->text || ask.query.empty()) return;
  auto query = parse_query(ask.query, impl_->text->words());
  if (auto node = std::get_if<query_node>(&query))
    hit.highlights =
        impl_->marks({hit.key, hit.value.view(), hit.kind, hit.mod_revision}, ask, *node, to_highlight);
}

} // namespace troupe::search
