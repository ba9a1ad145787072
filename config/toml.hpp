#pragma once

// toml++, with its assertions as exceptions. Version 3.3 asserts on text that is merely wrong ("[=" and "[[["
// at the start of a table header, for example), and assumes the same where NDEBUG is set. Neither is an
// answer to a wrong file. Used inside config/read_toml.cpp only: what is thrown does not leave that file.

namespace troupe::config {

/// Thrown in place of an assertion of toml++: the text is not TOML.
struct parser_gave_up {};

[[noreturn]] inline void give_up_parsing() {
  throw parser_gave_up{};
}

} // namespace troupe::config

#pragma push_macro("NDEBUG")
#undef NDEBUG
#define TOML_ASSERT(condition) ((condition) ? static_cast<void>(0) : ::troupe::config::give_up_parsing())
#include <toml++/toml.h>
#pragma pop_macro("NDEBUG")
