#pragma once

// The one write command: compares, then-operations, else-operations. Put, delete, bulk and compare-and-set
// are forms of it.

#include "base/blob.hpp"
#include "base/ids.hpp"
#include "command/embedding.hpp"

#include <cstdint>
#include <string>
#include <variant>
#include <vector>

namespace troupe {

/// How a value wants to be read. The bytes are kept exactly as they came.
enum class media_type : std::uint8_t {
  bytes = 0, ///< application/octet-stream
  text = 1,  ///< text/plain, valid UTF-8
  json = 2,  ///< application/json, parsed without error
};

/// One version of one key.
struct key_value {
  std::string key;
  blob value; ///< empty when only keys were asked for
  media_type type = media_type::bytes;
  revision_t create_revision; ///< when the key came into being (since it was last absent)
  revision_t mod_revision;    ///< when this value was written
  std::uint64_t version = 0;  ///< 1 for the first value since create_revision

  friend bool operator==(const key_value&, const key_value&) = default;
};

enum class compare_target : std::uint8_t {
  value = 0,
  mod_revision = 1,
  create_revision = 2,
  version = 3,
  exists = 4
};
enum class compare_op : std::uint8_t { equal = 0, not_equal = 1, less = 2, greater = 3 };

/// A condition on one key. An absent key has revision and version 0, exists 0, and satisfies no comparison of
/// its value but not_equal. Values compare as bytes, lexicographically; their media types do not matter.
struct compare {
  std::string key;
  compare_target target = compare_target::exists;
  compare_op op = compare_op::equal;
  blob value;               ///< operand when target is value
  std::uint64_t number = 0; ///< operand of every other target; exists compares with 0 or 1

  friend bool operator==(const compare&, const compare&) = default;
};

struct put_operation {
  std::string key;
  blob value;
  media_type type = media_type::bytes;

  friend bool operator==(const put_operation&, const put_operation&) = default;
};

struct delete_operation {
  std::string key;

  friend bool operator==(const delete_operation&, const delete_operation&) = default;
};

/// Sees what the operations before it in the same transaction did.
struct get_operation {
  std::string key;

  friend bool operator==(const get_operation&, const get_operation&) = default;
};

using operation = std::variant<put_operation, delete_operation, get_operation, annotate_operation>;

/// All compares hold: `success` runs, in order; else `failure` does. Applied whole at one revision or not at
/// all. A key may be written more than once in one transaction; its version then counts once and the last
/// write stays.
struct transaction {
  std::vector<compare> compares;
  std::vector<operation> success;
  std::vector<operation> failure;

  friend bool operator==(const transaction&, const transaction&) = default;
};

} // namespace troupe
