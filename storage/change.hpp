#pragma once

// What changed, for those who follow the key space: indexes. A follower holds a log index and pulls what came
// after it; it is given each changed key once, as it is now, which may be newer than the log index it is
// brought to.

#include "base/blob.hpp"
#include "command/embedding.hpp"
#include "command/transaction.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace troupe::storage {

/// What became of the newest value of a key, by the current model.
struct stored_annotation {
  revision_t mod_revision;
  annotation_outcome outcome = annotation_outcome::embedded;
  blob vectors; ///< as annotate_operation::vectors; empty unless embedded

  friend bool operator==(const stored_annotation&, const stored_annotation&) = default;
};

/// One key as it is now.
struct key_change {
  std::string key;
  bool exists = false; ///< false: deleted; the rest is then empty
  blob value;
  media_type type = media_type::bytes;
  revision_t mod_revision;
  std::optional<stored_annotation> annotation; ///< of exactly this mod_revision

  friend bool operator==(const key_change&, const key_change&) = default;

  std::size_t cost() const {
    return key.size() + value.size() + (annotation ? annotation->vectors.size() : 0) + 128;
  }
};

/// The model in force.
struct embedding_state {
  model_id id; ///< 0: none was ever set
  embedding_model model;

  friend bool operator==(const embedding_state&, const embedding_state&) = default;
};

struct change_batch {
  bool behind = false;   ///< the feed no longer reaches back so far: begin anew from a pin; the rest is empty
  index_t upto;          ///< every change up to this log index is in `items` or was in an earlier batch
  revision_t revision;   ///< of the key space at `upto`
  bool complete = false; ///< upto is what is applied now
  revision_t vector_revision; ///< of the state now; meaningful when complete
  std::uint64_t pending = 0;  ///< values that wait for a vector now
  embedding_state embedding;  ///< now; another id than before means that all annotations are void
  std::vector<key_change> items;
};

} // namespace troupe::storage
