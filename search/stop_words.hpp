#pragma once

#include <string_view>

namespace troupe::search {

/// Whether a folded word is so common in English that it tells documents apart badly. Words that turn a
/// sentence's meaning around ("not", "no", "without") are not among them.
bool is_english_stop_word(std::string_view folded);

} // namespace troupe::search
