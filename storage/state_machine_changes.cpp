// What those see who follow the key space, and the embedder.

#include "base/assert.hpp"
#include "storage/state_machine_parts.hpp"

#include <absl/container/btree_set.h>

namespace troupe::storage {

namespace {

/// What looking at one change costs, counted as bytes of a batch: a key that is written over and over adds
/// nothing to a batch but still takes its time.
constexpr std::size_t record_cost = 16;
/// Of a value that waits, beside its bytes.
constexpr std::size_t item_cost = 128;

} // namespace

key_change state_parts::current(std::string_view key) const {
  key_change c;
  c.key = key;
  if (auto* v = keys->find(key)) {
    c.exists = true;
    c.value = v->value;
    c.type = v->type();
    c.mod_revision = v->mod_revision;
    if (auto* a = embedding->find(key, v->mod_revision)) c.annotation = *a;
  }
  return c;
}

change_batch state_machine::changes_after(index_t after, std::size_t bytes_max) const {
  change_batch batch;
  auto& feed = parts_->feed;
  if (after < feed.floor()) {
    batch.behind = true;
    return batch;
  }
  batch.upto = after;
  batch.revision = revision();
  batch.vector_revision = vector_revision();
  batch.pending = pending_vectors();
  batch.embedding = embedding();
  if (after > applied()) return batch;
  absl::btree_set<std::string_view> given;
  std::size_t bytes = 0;
  auto next = feed.first_after(after);
  while (next != feed.end() && (batch.items.empty() || bytes < bytes_max)) {
    for (batch.upto = next->index; next != feed.end() && next->index == batch.upto; ++next) {
      batch.revision = next->revision;
      bytes += record_cost;
      if (!given.insert(next->key.view()).second) continue;
      bytes += batch.items.emplace_back(parts_->current(next->key.view())).cost();
    }
  }
  if (next != feed.end()) return batch;
  batch.upto = applied();
  batch.revision = revision();
  batch.complete = true;
  return batch;
}

const embedding_state& state_machine::embedding() const {
  return parts_->embedding->state();
}
revision_t state_machine::vector_revision() const {
  return parts_->embedding->vector_revision(revision());
}
std::uint64_t state_machine::pending_vectors() const {
  return parts_->embedding->pending();
}

std::vector<key_value> state_machine::pending_after(revision_t after, std::string_view key,
                                                    std::size_t bytes_max) const {
  std::vector<key_value> found;
  std::size_t bytes = 0;
  parts_->embedding->walk_pending(after, key, [&](std::string_view waiting) {
    auto* v = parts_->keys->find(waiting);
    TROUPE_ASSERT(v, "what waits for a vector is there");
    found.push_back(
        {std::string(waiting), v->value, v->type(), v->create_revision, v->mod_revision, v->number()});
    bytes += waiting.size() + v->value.size() + item_cost;
    return bytes < bytes_max;
  });
  return found;
}

} // namespace troupe::storage
