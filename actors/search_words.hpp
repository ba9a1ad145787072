#pragma once

// Between the words of command/ (what clients say) and those of search/ (which knows no commands).

#include "command/search.hpp"
#include "search/engine.hpp"

namespace troupe {

search::engine_ask ask_of(const search_request& r);
search_hit hit_of(search::engine_hit&& h);
facet_result facet_of(search::facet_answer&& f);
search_result problem_of(const search::ask_problem& p);

} // namespace troupe
