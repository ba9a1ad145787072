#pragma once

// Vectors of values: the model in force, what became of each key's newest value by it, and which values still
// wait for the embedder. Part of the replicated state, so nothing here depends on anything but the commands
// in the log.
//
// An annotation is about one value (key and mod_revision) by one model, and only becomes better: failed and
// skipped give way to embedded, anything else is ignored. So applying the same annotations again, in the same
// order, changes nothing, and whoever walks the table while it changes may take what it finds
// (storage/pin.hpp).
//
// Not thread-safe. Never copied.

#include "storage/change.hpp"
#include "storage/key_space.hpp"

#include <functional>
#include <memory>
#include <string_view>
#include <vector>

namespace troupe::storage {

class embedding_table {
public:
  embedding_table();
  embedding_table(const embedding_table&) = delete;
  embedding_table& operator=(const embedding_table&) = delete;
  ~embedding_table();

  const embedding_state& state() const { return state_; }
  /// Otherwise there are neither annotations nor values that wait.
  bool keeps_vectors() const { return state_.model.maker != vector_maker::none; }
  bool made_here() const { return state_.model.made_here(); }

  /// Another model: nothing happens when it is the one in force. Otherwise no annotation is left, and all
  /// values that exist now wait if the embedder makes the vectors. Takes time proportional to the keys then,
  /// else none; the old annotations are freed by free_some.
  void set(model_id id, embedding_model model, const key_space& keys);
  /// Frees about `work` annotations of former models, and values that waited; returns whether there are more.
  bool free_some(std::size_t work);

  /// The value with this mod_revision is no longer its key's newest. Must be called for every value that is
  /// written over or deleted while keeps_vectors().
  void forget(std::string_view key, revision_t mod_revision);
  /// A new value waits for the embedder. Must be called for every value that is put while made_here().
  void expect(std::string_view key, revision_t mod_revision);
  /// Precondition: this is the key's newest value, and keeps_vectors(). False: the vectors are none of the
  /// model's dimension, so the value counts as one that could not be embedded.
  bool annotate(std::string_view key, revision_t mod_revision, annotation_outcome outcome, blob vectors);

  /// Null when there is none of exactly this mod_revision. Valid until the next change.
  const stored_annotation* find(std::string_view key, revision_t mod_revision) const;
  /// See state_machine::vector_revision; `newest` is the key space's revision.
  revision_t vector_revision(revision_t newest) const;
  std::uint64_t pending() const;
  /// Values that wait, by mod_revision and key, behind these two, for as long as `visit` returns true.
  using pending_visitor = std::function<bool(std::string_view key)>;
  void walk_pending(revision_t after, std::string_view key, const pending_visitor& visit) const;
  /// Bytes of vectors, and a flat 64 for each annotation.
  std::uint64_t bytes() const { return bytes_; }

  /// Restoring into an empty table: first the model, then annotations by ascending key and, with expect(),
  /// values that have none. errc::corrupt for what no table holds.
  result<void> load(embedding_state state, index_t applied);
  result<void> load(std::string_view key, stored_annotation annotation);

private:
  struct content;

  std::uint64_t charge(const stored_annotation& a) const;

  embedding_state state_;
  std::unique_ptr<content> content_;
  std::vector<std::unique_ptr<content>> dropped_; ///< of former models
  std::uint64_t bytes_ = 0;
};

} // namespace troupe::storage
