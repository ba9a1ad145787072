#include "storage/key_space.hpp"

#include "base/assert.hpp"
#include "storage/key_space_key.hpp"

#include <absl/container/btree_set.h>

#include <algorithm>

namespace troupe::storage {

namespace {

constexpr std::size_t version_charge = 64;
/// What version::number() has room for. Only a made-up snapshot comes near it.
constexpr std::uint64_t number_max = (std::uint64_t{1} << 56) - 1;

/// What a reader at `at` sees of a chain; null when the key was absent then.
const version* visible(const version* v, revision_t at) {
  while (v && v->mod_revision > at)
    v = v->older;
  return v && !v->tombstone() ? v : nullptr;
}

/// The first version of a chain that tells a reader at `from` or later something: any value, and a tombstone
/// that ends one. A key that is put and deleted again in one transaction can leave a tombstone upon another,
/// which means nothing by itself.
const version* first_needed(const version* v, revision_t from) {
  for (; v && v->tombstone(); v = v->older) {
    if (v->mod_revision <= from) return nullptr;
    if (v->older && !v->older->tombstone()) return v;
  }
  return v;
}

key_value as_key_value(std::string_view key, const version& v, bool with_value) {
  return {std::string(key), with_value ? v.value : blob{}, v.type(), v.create_revision, v.mod_revision,
          v.number()};
}

} // namespace

struct key_space::index {
  absl::btree_set<key_slot, compare_keys> keys;
};

key_space::key_space() : index_(std::make_unique<index>()) {}

key_space::~key_space() {
  for (auto& slot : index_->keys)
    for (version* v = slot.newest; v;) {
      auto* older = v->older;
      pool_.destroy(v);
      v = older;
    }
}

const version* key_space::find(std::string_view key) const {
  auto place = index_->keys.find(key_probe{key});
  return place == index_->keys.end() || place->newest->tombstone() ? nullptr : place->newest;
}

std::optional<key_value> key_space::get(std::string_view key, revision_t at) const {
  auto place = index_->keys.find(key_probe{key});
  if (place == index_->keys.end()) return std::nullopt;
  auto* v = visible(place->newest, at);
  if (!v) return std::nullopt;
  return as_key_value(key, *v, true);
}

query_result key_space::range(const range_query& q, revision_t at) const {
  query_result answer{.code = query_outcome::ok, .revision = at, .compacted = compacted_, .items = {}};
  if (!q.end.empty() && q.start >= q.end) return answer;
  std::size_t bytes = 0;
  const std::size_t limit = std::max<std::size_t>(q.limit, 1);
  auto take = [&](std::string_view key, const version* newest) {
    auto* v = visible(newest, at);
    if (!v) return true;
    auto size = key.size() + (q.keys_only ? 0 : v->value.size());
    if (answer.items.size() == limit || (!answer.items.empty() && bytes + size > q.bytes_max)) {
      answer.more = true;
      return false;
    }
    bytes += size;
    answer.items.push_back(as_key_value(key, *v, !q.keys_only));
    return true;
  };
  auto& keys = index_->keys;
  auto first = keys.lower_bound(key_probe{q.start});
  auto last = q.end.empty() ? keys.end() : keys.lower_bound(key_probe{q.end});
  if (q.reverse) {
    while (last != first) {
      --last;
      if (!take(last->key.view(), last->newest)) break;
    }
  } else {
    for (; first != last; ++first)
      if (!take(first->key.view(), first->newest)) break;
  }
  return answer;
}

/// A version of the revision being written, newest of its key: the one that is there already, or a new one
/// before it.
version* key_space::add(version*& newest) {
  auto next = revision_ + 1;
  if (newest && newest->mod_revision == next) return newest;
  auto* v = pool_.make();
  v->mod_revision = next;
  v->older = newest;
  if (newest) replacing_.push_back(v);
  newest = v;
  bytes_ += version_charge;
  return v;
}

void key_space::set(version* v, blob value) {
  bytes_ -= v->value.size();
  bytes_ += value.size();
  v->value = std::move(value);
}

bool key_space::put(std::string_view key, blob value, media_type type) {
  const key_probe probe{key};
  auto place = index_->keys.lower_bound(probe);
  if (place == index_->keys.end() || compare_keys{}(*place, probe) != 0) {
    place = index_->keys.emplace_hint(place, key_slot{compact_key{key}, nullptr});
    bytes_ += key.size();
  }
  const version* before = place->newest;
  const bool created = !before || before->tombstone();
  auto next = revision_ + 1;
  // Decided before add(), which may hand back the very version that `before` is. A value of this revision
  // keeps its number.
  auto number = created ? std::uint64_t{1} : before->number() + (before->mod_revision == next ? 0 : 1);
  number = std::min(number, number_max);
  auto born = created ? next : before->create_revision;
  auto* v = add(place->newest);
  set(v, std::move(value));
  v->create_revision = born;
  v->set_value(type, number);
  keys_ += created ? 1 : 0;
  return created;
}

bool key_space::erase(std::string_view key) {
  auto place = index_->keys.find(key_probe{key});
  if (place == index_->keys.end() || place->newest->tombstone()) return false;
  --keys_;
  auto* newest = place->newest;
  if (newest->mod_revision == revision_ + 1 && !newest->older) {
    // Came into being in this very transaction: no reader will ever see a trace of it.
    drop(newest);
    bytes_ -= key.size();
    index_->keys.erase(place);
    return true;
  }
  auto* v = add(place->newest);
  set(v, blob{key});
  v->create_revision = {};
  v->set_tombstone();
  return true;
}

void key_space::drop(version* v) {
  bytes_ -= version_charge + v->value.size();
  pool_.destroy(v);
}

void key_space::compact(revision_t at) {
  compacted_ = std::max(compacted_, std::min(at, revision_));
}

/// Takes the key out of the map if the tombstone, which nobody can look behind any more, is still its newest
/// version.
void key_space::forget(version* tombstone) {
  auto place = index_->keys.find(key_probe{tombstone->value.view()});
  TROUPE_ASSERT(place != index_->keys.end(), "a key keeps its place while it has versions");
  if (place->newest != tombstone) return;
  bytes_ -= tombstone->value.size();
  index_->keys.erase(place);
  drop(tombstone);
}

bool key_space::free_some(std::size_t work) {
  auto floor = compacted_;
  for (auto p : pinned_)
    floor = std::min(floor, p);
  while (!replacing_.empty() && replacing_.front()->mod_revision <= floor) {
    if (work-- == 0) return true;
    auto* v = replacing_.front();
    replacing_.pop_front();
    auto* older = std::exchange(v->older, nullptr);
    TROUPE_ASSERT(older && !older->older, "versions die in the order in which they were replaced");
    drop(older);
    if (v->tombstone()) forget(v);
  }
  return false;
}

revision_t key_space::pin() {
  pinned_.push_back(compacted_);
  return compacted_;
}

void key_space::unpin(revision_t floor) {
  auto place = std::find(pinned_.begin(), pinned_.end(), floor);
  TROUPE_ASSERT(place != pinned_.end(), "a pin is given back once");
  pinned_.erase(place);
}

void key_space::walk(history_position& position, revision_t from, revision_t to,
                     const version_visitor& visit) const {
  auto wanted = [from](const version* v) { return first_needed(v, from); };
  auto visit_rest_of_key = [&] {
    while (auto* v = position.next) {
      // The newest version at or before `from` is the last that anybody sees.
      position.next = v->mod_revision <= from ? nullptr : wanted(v->older);
      if (!visit(position.key, *v)) return false;
    }
    return true;
  };
  if (!visit_rest_of_key()) return;
  auto& keys = index_->keys;
  auto place = position.begun ? keys.upper_bound(key_probe{position.key}) : keys.begin();
  position.begun = true;
  for (std::size_t skips = 0; place != keys.end(); ++place) {
    const version* v = place->newest;
    while (v && v->mod_revision > to)
      v = v->older;
    position.key = place->key.view();
    position.next = wanted(v);
    if (!position.next && ++skips == walk_skips_max) return;
    if (!visit_rest_of_key()) return;
  }
  position.done = true;
}

result<void> key_space::begin_load(revision_t compacted, revision_t revision) {
  TROUPE_ASSERT(index_->keys.empty() && !revision_, "only an empty key space can be loaded");
  if (compacted > revision) return error{errc::corrupt, "compacted beyond its own revision"};
  compacted_ = compacted;
  revision_ = revision;
  return {};
}

/// What a walk can give after last_loaded_.
result<void> key_space::check_loaded(bool same_key, const version& v) const {
  auto corrupt = [](const char* why) { return error{errc::corrupt, why}; };
  if (!v.mod_revision || v.mod_revision > revision_) return corrupt("version outside the history");
  if (v.tombstone() && v.mod_revision <= compacted_) return corrupt("tombstone before the history");
  if (!v.tombstone() && (!v.create_revision || v.create_revision > v.mod_revision || v.number() == 0))
    return corrupt("version with impossible numbers");
  // A revision raises it by at most one.
  if (!v.tombstone() && v.number() - 1 > v.mod_revision.value - v.create_revision.value)
    return corrupt("more versions than revisions");
  if (!same_key)
    return last_loaded_ && last_loaded_->tombstone() ? corrupt("tombstone of nothing") : result<void>{};
  if (v.mod_revision >= last_loaded_->mod_revision) return corrupt("versions out of order");
  if (last_loaded_->mod_revision <= compacted_) return corrupt("version before the history");
  if (v.tombstone() && last_loaded_->tombstone()) return corrupt("tombstone of a tombstone");
  return {};
}

result<void> key_space::load(std::string_view key, const version& v) {
  const bool same_key = last_loaded_ && key == last_loaded_key_;
  if (key.empty() || (!same_key && key < std::string_view{last_loaded_key_}))
    return error{errc::corrupt, "keys out of order"};
  if (auto ok = check_loaded(same_key, v); !ok) return ok;
  auto* loaded = pool_.make();
  *loaded = v;
  loaded->older = nullptr;
  bytes_ += version_charge + v.value.size();
  if (same_key) {
    last_loaded_->older = loaded;
    replacing_.push_back(last_loaded_);
  } else {
    index_->keys.emplace_hint(index_->keys.end(), key_slot{compact_key{key}, loaded});
    bytes_ += key.size();
    keys_ += loaded->tombstone() ? 0 : 1;
    last_loaded_key_ = key;
  }
  last_loaded_ = loaded;
  return {};
}

result<void> key_space::finish_load() {
  if (last_loaded_ && last_loaded_->tombstone()) return error{errc::corrupt, "tombstone of nothing"};
  std::sort(replacing_.begin(), replacing_.end(),
            [](auto* a, auto* b) { return a->mod_revision < b->mod_revision; });
  last_loaded_ = nullptr;
  last_loaded_key_ = {};
  return {};
}

} // namespace troupe::storage
