#pragma once

// Histories as text, so that programs exchange them through files. The first line is "troupe-history 1"; then
// one line an operation, of words separated by one blank; empty lines and lines that begin with # say
// nothing.
//
//   accounts PREFIX TOTAL
//   KIND CLIENT OUTCOME CALLED RETURNED REVISION [WORD...]
//
// KIND and OUTCOME are as to_string writes them; CALLED and RETURNED are signed 64-bit numbers, the others
// unsigned. Then, in any order and number:
//
//   c:KEY=VALUE    expected; VALUE is ! for absent and * for anything
//   unmatched      not all of expected held (at most once)
//   w:KEY=VALUE    write; ! deletes
//   r:KEY=VALUE    read; ! is absent. r:KEY=VALUE@REVISION with the mod revision
//   h:KEY          hit of a search; h:KEY@REVISION
//   k:KEY          key of append and list
//   e:ELEMENT      element of list, in order
//   q:WORD         element of append, word of search, prefix of final_read
//   n:NODE         who was asked
//
// KEY, VALUE, PREFIX and so on are bytes as they are if they are letters, digits or one of - . _ ~ / : and
// else %XX with two hexadecimal digits. An empty one is empty.

#include "base/result.hpp"
#include "tests/checkers/history.hpp"

#include <cstddef>
#include <string>
#include <string_view>

namespace troupe::checkers {

/// A longer line is refused.
inline constexpr std::size_t line_bytes_max = 16 << 20;
/// More operations are refused.
inline constexpr std::size_t operations_max = 10'000'000;

inline constexpr std::string_view history_head = "troupe-history 1\n";

/// The line of one operation, with its newline.
std::string format_operation(const operation& op);
/// The line of a group, with its newline.
std::string format_accounts(const account_group& group);
/// Head and all lines.
std::string format_history(const history& h);

/// Reads a line without its newline and adds what it says to `h`. invalid_argument or too_large say why not;
/// then h is as before.
result<void> parse_line(std::string_view line, history& h);

/// Reads a whole text; the error names the line. The last line needs its newline: a file that was cut is
/// refused.
result<history> parse_history(std::string_view text);

} // namespace troupe::checkers
