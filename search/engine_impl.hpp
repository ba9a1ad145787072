#pragma once

// The rooms of engine; only its .cpp files see them.

#include "search/corpus.hpp"
#include "search/engine.hpp"

namespace troupe::search {

struct engine::impl {
  /// What is known of the vectors of a document.
  struct annotation {
    revision_t revision;           ///< of the value they are of; 0: there are none
    std::vector<passage> passages; ///< empty while in reserve
  };
  /// One hit on its way to the answer.
  struct ranked {
    doc_id doc = 0;
    double score = 0;
    double text_score = 0;
    std::uint32_t text_rank = 0;
    double vector_score = 0;
    std::uint32_t vector_rank = 0;
    std::uint32_t passage = 0;
  };
  /// An ask that was found answerable, with what its parts were read to.
  struct plan {
    const engine_ask& ask;
    std::optional<query_node> query; ///< text, hybrid; semantic when it happens to be a query
    std::optional<doc_set> within;   ///< what filter and prefix leave; none: all
    mutable std::size_t to_highlight = highlight_bytes_max; ///< bytes of texts that may still be looked at

    const doc_set* allowed() const { return within ? &*within : nullptr; }
    std::size_t depth() const { return std::size_t{ask.offset} + ask.limit; }
  };

  // engine.cpp
  annotation& annotation_of(doc_id d);
  void drop_vectors(doc_id d);

  // engine_search.cpp
  std::optional<ask_problem> problem_of(const engine_ask& ask) const;
  std::optional<ask_problem> read(plan& p) const;
  text_ask text_part(const plan& p, std::size_t hits_max) const;
  std::vector<ranked> text_hits(const plan& p, std::size_t depth, std::uint64_t& total) const;
  std::vector<ranked> fused(const plan& p, std::vector<ranked> texts,
                            const std::vector<ranked>& vectors) const;
  result<std::vector<ranked>> vector_hits(const plan& p, std::size_t depth) const;
  doc_set found_by(const plan& p) const;
  std::vector<facet_answer> facets(const plan& p) const;
  engine_hit shown(const plan& p, const ranked& r) const;
  std::vector<snippet> highlights(const plan& p, const ranked& r) const;
  std::vector<snippet> marks(const document& d, const engine_ask& ask, const query_node& query,
                             std::size_t& to_highlight) const;
  std::variant<engine_answer, ask_problem> answer(const engine_ask& ask) const;

  document document_of(doc_id d) const {
    auto& e = docs.at(d);
    return {e.key, e.value.view(), e.kind, e.mod_revision};
  }

  engine_settings settings;
  corpus docs;
  std::optional<text_index> text;
  std::optional<vector_index> vectors;
  std::vector<annotation> annotations; ///< by document
  doc_set reserve;   ///< documents whose vectors were loaded and not adopted yet: hidden in `vectors`
  revision_t loaded; ///< newest mod_revision in what was loaded
};

} // namespace troupe::search
