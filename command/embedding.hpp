#pragma once

// Vectors of values as the log knows them: which model they are of, and what became of each value. They are
// derived data: an annotation to (key, mod_revision, model) takes no revision, changes no entity tag and is
// ignored when the key has moved on.

#include "base/blob.hpp"
#include "base/ids.hpp"

#include <cstdint>
#include <string>

namespace troupe {

enum class vector_metric : std::uint8_t { cosine = 0, inner_product = 1, l2 = 2 };

enum class vector_maker : std::uint8_t {
  none = 0,    ///< the cluster keeps no vectors
  builtin = 1, ///< the leader's embedder, by the model that comes with troupe
  client = 2,  ///< clients bring vectors with the values
  http = 3,    ///< the leader's embedder, by an endpoint that the configuration names
};

/// Part of the replicated configuration. Another model, version, dimension or metric is another model:
/// vectors of two are never mixed.
struct embedding_model {
  vector_maker maker = vector_maker::none;
  std::string name; ///< with its version, "use-lite-en@0.2.0"; at most limits::model_name_bytes_max bytes
  std::uint32_t dimension = 0; ///< 1 to limits::vector_dimension_max; 0 with maker none
  vector_metric metric = vector_metric::cosine;

  /// Whether the leader's embedder makes the vectors.
  bool made_here() const { return maker == vector_maker::builtin || maker == vector_maker::http; }
  friend bool operator==(const embedding_model&, const embedding_model&) = default;
};

/// Names one setting of the model: the log index of the entry that set it. 0 in an annotation: whichever is
/// current, if clients bring the vectors.
using model_id = strong_u64<struct model_tag>;

enum class annotation_outcome : std::uint8_t {
  embedded = 0,
  failed = 1,  ///< the maker could not embed this value; it is not tried again
  skipped = 2, ///< there is nothing to embed in it, or the configuration leaves it out
};

/// What became of one value. Operation of a transaction that answers annotate_result.
struct annotate_operation {
  std::string key;
  revision_t mod_revision; ///< of the value it is about; 0: what this same transaction puts
  model_id model;
  annotation_outcome outcome = annotation_outcome::embedded;
  /// Of an embedded value: u32 count of passages (1 to limits::passages_max), for each u32 begin and end in
  /// the embeddable text, then count times dimension floats; all little-endian (command/vectors.hpp).
  blob vectors;

  friend bool operator==(const annotate_operation&, const annotate_operation&) = default;
};

/// Makes this the cluster's model. Without effect when it is already; else all annotations are dropped and,
/// when the embedder makes vectors, every value waits for a new one.
struct set_embedding {
  embedding_model model;

  friend bool operator==(const set_embedding&, const set_embedding&) = default;
};

} // namespace troupe
