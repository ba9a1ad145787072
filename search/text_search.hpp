#pragma once

// Answers of an inverted index: the best documents, all documents, and why.

#include "search/inverted_index.hpp"
#include "search/text_index.hpp"

namespace troupe::search {

text_answer find_best(const inverted_index& index, const text_settings& settings, const text_ask& ask);
doc_set find_all(const inverted_index& index, const text_settings& settings, const text_ask& ask);
std::vector<score_part> explain_score(const inverted_index& index, const text_settings& settings,
                                      const text_ask& ask, doc_id d);

} // namespace troupe::search
