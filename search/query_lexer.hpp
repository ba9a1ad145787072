#pragma once

// The query language's smallest pieces. What a character means depends on its neighbours only ("-" in front
// of a word excludes, inside of one it is punctuation), so that this can be told before the grammar is looked
// at.

#include "search/query.hpp"

#include <string_view>
#include <variant>

namespace troupe::search {

struct lexeme {
  enum class type : std::uint8_t {
    open,    ///< (
    close,   ///< )
    minus,   ///< - in front of something
    both,    ///< AND
    either,  ///< OR
    without, ///< NOT
    word,    ///< a run of other characters; `text` as it stands
    quoted,  ///< "…"; `text` without the quotes, \" and \\ replaced
    colon,   ///< : between a field's name and what it has to hold; only behind a word or quotes
    compare, ///< = == != < <= > >=
    end      ///< behind the last character, always there
  };

  type what = type::end;
  std::string text; ///< of word, quoted, compare
  std::uint32_t begin = 0;
  std::uint32_t end = 0;
};

/// The pieces of a query, the last of type end. A query that is too long, not UTF-8, or ends inside quotes is
/// a problem.
std::variant<std::vector<lexeme>, query_problem> split_query(std::string_view text);

/// Whether a word may name a field without quotes: letters, digits, "_", "-", "." and everything that is not
/// ASCII; no digit, "-" or "." in front.
bool is_field_name(std::string_view word);

} // namespace troupe::search
