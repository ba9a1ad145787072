#include "storage/embedding_table.hpp"

#include "command/vectors.hpp"
#include "storage/key_space_key.hpp"

#include <absl/container/btree_set.h>

#include <algorithm>

namespace troupe::storage {

namespace {

constexpr std::uint64_t annotation_charge = 64;

struct annotation_slot {
  compact_key key;
  mutable stored_annotation what; ///< no part of the order
};

struct compare_annotations {
  using is_transparent = void;

  template <class A, class B>
  absl::weak_ordering operator()(const A& a, const B& b) const {
    return compare_keys{}(key(a), key(b));
  }

private:
  static const compact_key& key(const annotation_slot& s) { return s.key; }
  static const key_probe& key(const key_probe& p) { return p; }
};

/// A value that waits.
struct pending_slot {
  revision_t mod_revision;
  compact_key key;
};
struct pending_probe {
  revision_t mod_revision;
  std::string_view key;
};

struct compare_pending {
  using is_transparent = void;

  template <class A, class B>
  bool operator()(const A& a, const B& b) const {
    if (a.mod_revision != b.mod_revision) return a.mod_revision < b.mod_revision;
    return view(a) < view(b);
  }

private:
  static std::string_view view(const pending_slot& s) { return s.key.view(); }
  static std::string_view view(const pending_probe& p) { return p.key; }
};

bool embedded(annotation_outcome o) {
  return o == annotation_outcome::embedded;
}

} // namespace

struct embedding_table::content {
  absl::btree_set<annotation_slot, compare_annotations> annotations;
  absl::btree_set<pending_slot, compare_pending> pending;
};

embedding_table::embedding_table() : content_(std::make_unique<content>()) {}
embedding_table::~embedding_table() = default;

std::uint64_t embedding_table::charge(const stored_annotation& a) const {
  return annotation_charge + a.vectors.size();
}

void embedding_table::set(model_id id, embedding_model model, const key_space& keys) {
  if (model == state_.model) return;
  state_ = {id, std::move(model)};
  dropped_.push_back(std::exchange(content_, std::make_unique<content>()));
  if (!made_here()) return;
  std::vector<pending_slot> all;
  all.reserve(keys.keys());
  for (history_position at; !at.done;)
    keys.walk(at, keys.revision(), keys.revision(), [&](std::string_view key, const version& v) {
      all.push_back({v.mod_revision, compact_key{key}});
      return true;
    });
  std::sort(all.begin(), all.end(), compare_pending{});
  auto& pending = content_->pending;
  for (auto& slot : all)
    pending.insert(pending.end(), std::move(slot));
}

bool embedding_table::free_some(std::size_t work) {
  while (!dropped_.empty()) {
    auto& [annotations, pending] = *dropped_.back();
    for (auto place = annotations.begin(); place != annotations.end(); place = annotations.erase(place)) {
      if (work-- == 0) return true;
      bytes_ -= charge(place->what);
    }
    for (auto place = pending.begin(); place != pending.end(); place = pending.erase(place))
      if (work-- == 0) return true;
    dropped_.pop_back();
  }
  return false;
}

void embedding_table::forget(std::string_view key, revision_t mod_revision) {
  if (made_here()) {
    auto waiting = content_->pending.find(pending_probe{mod_revision, key});
    if (waiting != content_->pending.end()) {
      content_->pending.erase(waiting);
      return;
    }
  }
  auto place = content_->annotations.find(key_probe{key});
  if (place == content_->annotations.end()) return;
  bytes_ -= charge(place->what);
  content_->annotations.erase(place);
}

void embedding_table::expect(std::string_view key, revision_t mod_revision) {
  auto& pending = content_->pending;
  // A new value is mostly the newest of all.
  pending.insert(pending.end(), pending_slot{mod_revision, compact_key{key}});
}

bool embedding_table::annotate(std::string_view key, revision_t mod_revision, annotation_outcome outcome,
                               blob vectors) {
  bool valid = !embedded(outcome) || valid_vectors(vectors.view(), state_.model.dimension);
  stored_annotation made{mod_revision, valid ? outcome : annotation_outcome::failed,
                         valid && embedded(outcome) ? std::move(vectors) : blob{}};
  const key_probe probe{key};
  auto& annotations = content_->annotations;
  auto place = annotations.lower_bound(probe);
  if (place == annotations.end() || compare_annotations{}(*place, probe) != 0) {
    if (made_here()) content_->pending.erase(pending_probe{mod_revision, key});
    bytes_ += charge(made);
    annotations.insert(place, annotation_slot{compact_key{key}, std::move(made)});
  } else if (embedded(made.outcome) && !embedded(place->what.outcome)) {
    bytes_ += charge(made) - charge(place->what);
    place->what = std::move(made);
  }
  return valid;
}

const stored_annotation* embedding_table::find(std::string_view key, revision_t mod_revision) const {
  auto place = content_->annotations.find(key_probe{key});
  if (place == content_->annotations.end() || place->what.mod_revision != mod_revision) return nullptr;
  return &place->what;
}

revision_t embedding_table::vector_revision(revision_t newest) const {
  auto& pending = content_->pending;
  return pending.empty() ? newest : pending.begin()->mod_revision - 1;
}

std::uint64_t embedding_table::pending() const {
  return content_->pending.size();
}

void embedding_table::walk_pending(revision_t after, std::string_view key,
                                   const pending_visitor& visit) const {
  auto place = content_->pending.upper_bound(pending_probe{after, key});
  while (place != content_->pending.end() && visit(place->key.view()))
    ++place;
}

result<void> embedding_table::load(embedding_state state, index_t applied) {
  if (!state.id || state.id.value > applied.value)
    return error{errc::corrupt, "a model that was not set by then"};
  state_ = std::move(state);
  return {};
}

result<void> embedding_table::load(std::string_view key, stored_annotation annotation) {
  if (!keeps_vectors()) return error{errc::corrupt, "an annotation without a model"};
  bool whole = embedded(annotation.outcome) ? valid_vectors(annotation.vectors.view(), state_.model.dimension)
                                            : annotation.vectors.empty();
  if (!whole) return error{errc::corrupt, "vectors that do not fit the model"};
  auto& annotations = content_->annotations;
  bytes_ += charge(annotation);
  annotations.insert(annotations.end(), annotation_slot{compact_key{key}, std::move(annotation)});
  return {};
}

} // namespace troupe::storage
