// The side of the indexer that answers.

#include "actors/indexer_driver.hpp"
#include "actors/search_words.hpp"
#include "base/deliberate_bug.hpp"
#include "command/check_search.hpp"
#include "command/limits.hpp"

#include <chrono>

namespace troupe {

namespace {

/// Queries at the embedding worker at a time; more are refused as overload.
constexpr std::size_t embedding_queries_max = 256;

std::uint64_t microseconds(std::chrono::steady_clock::duration d) {
  return static_cast<std::uint64_t>(std::chrono::duration_cast<std::chrono::microseconds>(d).count());
}

search_result bad(std::string part, std::string detail) {
  auto out = failed_search(search_outcome::bad_request, std::move(detail));
  out.part = std::move(part);
  return out;
}

std::size_t cost(const search_hit& h) {
  std::size_t bytes = 256 + h.key.size() + h.value.size();
  for (auto& s : h.highlights)
    bytes += s.field.size() + s.text.size() + s.marks.size() * 8;
  return bytes;
}

} // namespace

void indexer_driver::take(search_batch& batch) {
  for (auto& s : batch.searches) {
    if (auto problem = check_search(s.what))
      answer(s, std::move(*problem));
    else if (!s.what.cursor.empty())
      search_now(s);
    else if (desk_.full())
      answers_.refuse(s.sink, s.id, {refusal_kind::overloaded, 200, "too many searches wait for the index"});
    else
      desk_.wait(deliberately(bug::search_before_indexed) ? index_t{} : batch.index, std::move(s));
  }
  answer_ready();
}

void indexer_driver::answer_ready() {
  for (auto& s : desk_.ready(progress()))
    run(std::move(s));
  answers_.flush(static_cast<indexer_actor::base*>(self_));
}

void indexer_driver::answer_overdue() {
  for (auto& s : desk_.overdue(now_ms_))
    answer(s, not_yet(progress()));
  answers_.flush(static_cast<indexer_actor::base*>(self_));
}

void indexer_driver::answer(routed_search& s, search_result r) {
  if (r.code != search_outcome::ok) {
    r.indexed_revision = progress().indexed;
    r.vector_revision = progress().vectors;
  }
  answers_.add(s.sink, troupe::answer{s.id, std::move(r)});
}

bool indexer_driver::embeds_queries() const {
  return worker_ && options_.model == embedding_.model;
}

void indexer_driver::run(routed_search s) {
  // Whoever asked has given up; searching would only keep others waiting.
  if (time() >= s.deadline_ms) return answer(s, not_yet(progress()));
  auto& what = s.what;
  bool by_words = what.mode == search_mode::text;
  bool off = (what.mode != search_mode::semantic && !options_.text) || (!by_words && !options_.vectors);
  if (off)
    return answer(s, failed_search(search_outcome::no_index,
                                   "[search] of this node's cluster file turns this index off"));
  if (by_words || !what.vector.empty()) return search_now(s);
  if (!graph_settings(embedding_.model))
    return answer(s, failed_search(search_outcome::no_index,
                                   "this cluster has no embedding model ([embedding] maker)"));
  if (embedding_.model.maker == vector_maker::client)
    return answer(
        s, bad("vector", "this cluster's vectors come from its clients: give the query's as \"vector\""));
  if (!embeds_queries())
    return answers_.refuse(
        s.sink, s.id,
        {refusal_kind::overloaded, 1'000,
         "this node's embedding model is not (yet) the cluster's; give a vector or ask later"});
  embed_and_run(std::move(s));
}

void indexer_driver::embed_and_run(routed_search s) {
  if (embedding_queries_ >= embedding_queries_max)
    return answers_.refuse(s.sink, s.id,
                           {refusal_kind::overloaded, 200, "too many queries wait for their vector"});
  ++embedding_queries_;
  auto shared = std::make_shared<routed_search>(std::move(s));
  auto refuse = [this, shared](std::string why) {
    --embedding_queries_;
    answers_.refuse(shared->sink, shared->id, {refusal_kind::overloaded, 1'000, std::move(why)});
    answers_.flush(static_cast<indexer_actor::base*>(self_));
  };
  auto model = embedding_.id;
  self_->request(worker_, caf::infinite, embed_texts{{shared->what.query}, shared->deadline_ms})
      .then(
          [this, shared, refuse, model](embedded_texts& made) {
            using fate = embedding_attempt::fate;
            auto& attempt = made.attempts.front();
            if (model != embedding_.id) return refuse("the cluster's embedding model has just changed");
            if (attempt.what == fate::unavailable || attempt.what == fate::failed)
              return refuse("the query could not be embedded: " + attempt.why);
            --embedding_queries_;
            auto dimension = embedding_.model.dimension;
            if (attempt.what != fate::embedded || attempt.vectors.size() < dimension) {
              answer(*shared, bad("q", "the query holds nothing that can be embedded"));
            } else {
              // A query longer than one passage is searched by its first.
              attempt.vectors.resize(dimension);
              shared->what.vector = std::move(attempt.vectors);
              search_now(*shared);
            }
            answers_.flush(static_cast<indexer_actor::base*>(self_));
          },
          [refuse](const caf::error&) { refuse("the embedding worker ended"); });
}

void indexer_driver::search_now(routed_search& s) {
  auto began = std::chrono::steady_clock::now();
  search_result r = !ready_ && s.what.cursor.empty() ? not_yet(progress())
                    : !s.what.cursor.empty()         ? next_page(s.what)
                    : s.what.paged                   ? first_page(s.what)
                                                     : find(s.what);
  auto took = std::chrono::steady_clock::now() - began;
  r.took_us = microseconds(took);
  if (r.code == search_outcome::ok)
    options_.observe(s.what.mode, std::chrono::duration<double>(took).count());
  answer(s, std::move(r));
}

search_result indexer_driver::find(const search_request& r) {
  auto found = engine_->search(ask_of(r));
  if (auto* problem = std::get_if<search::ask_problem>(&found)) return problem_of(*problem);
  auto& a = std::get<search::engine_answer>(found);
  search_result out;
  out.total = a.total;
  out.indexed_revision = revision_;
  out.vector_revision = vector_revision_;
  for (auto& f : a.facets)
    out.facets.push_back(facet_of(std::move(f)));
  std::size_t bytes = 0;
  for (auto& h : a.hits) {
    auto hit = hit_of(std::move(h));
    bytes += cost(hit);
    if (bytes > limits::search_answer_bytes_max && !out.hits.empty()) break;
    out.hits.push_back(std::move(hit));
  }
  return out;
}

search_result indexer_driver::first_page(const search_request& r) {
  if (r.explain) return bad("explain", "a search that is paged explains nothing; ask without \"paged\"");
  auto ask = ask_of(r);
  ask.limit = search::results_max;
  ask.offset = 0;
  ask.highlights = false;
  ask.values = true;
  auto found = engine_->search(ask);
  if (auto* problem = std::get_if<search::ask_problem>(&found)) return problem_of(*problem);
  auto& a = std::get<search::engine_answer>(found);
  search_result out;
  for (auto& f : a.facets)
    out.facets.push_back(facet_of(std::move(f)));
  ask.facets.clear();
  page_series::series kept{std::move(ask), std::move(a.hits), a.total,         r.values,
                           r.highlights,   revision_,         vector_revision_};
  auto number = pages_.add(std::move(kept), now_ms_);
  show_page(out, *pages_.find(number, now_ms_), number, r.offset, r.limit);
  return out;
}

search_result indexer_driver::next_page(const search_request& r) {
  auto place = pages_.parse(r.cursor);
  auto* kept = place ? pages_.find(place->number, now_ms_) : nullptr;
  if (!kept)
    return failed_search(search_outcome::cursor_gone,
                         "the results of this cursor are not kept any longer, or were another node's");
  search_result out;
  show_page(out, *kept, place->number, place->next, r.limit);
  return out;
}

void indexer_driver::show_page(search_result& out, page_series::series& from, std::uint64_t number,
                               std::uint32_t first, std::uint32_t limit) {
  out.total = from.total;
  out.indexed_revision = from.indexed;
  out.vector_revision = from.vectors;
  std::size_t bytes = 0;
  std::size_t to_highlight = search::highlight_bytes_max;
  std::size_t at = first;
  for (; at < from.hits.size() && out.hits.size() < limit; ++at) {
    auto hit = from.hits[at];
    if (from.highlights) engine_->show(from.ask, hit, to_highlight);
    if (!from.values) hit.value = {};
    auto shown = hit_of(std::move(hit));
    bytes += cost(shown);
    if (bytes > limits::search_answer_bytes_max && !out.hits.empty()) break;
    out.hits.push_back(std::move(shown));
  }
  if (at < from.hits.size()) out.cursor = pages_.cursor(number, static_cast<std::uint32_t>(at));
}

} // namespace troupe
