#pragma once

// One version of one key, and where versions live.

#include "base/blob.hpp"
#include "base/ids.hpp"
#include "command/transaction.hpp"

#include <cstdint>
#include <memory>
#include <vector>

namespace troupe::storage {

/// A value that a key had, or the mark that it was deleted. Versions of a key form a chain from newest to
/// oldest. 40 bytes: a key space of millions of keys pays for every one.
class version {
public:
  version* older = nullptr;
  revision_t mod_revision;
  /// When the key came into being; meaningless in a tombstone.
  revision_t create_revision;
  /// The value. In a tombstone: the key, so that the tombstone can find its place in the map when it is
  /// compacted away.
  blob value;

  bool tombstone() const { return packed_ == tombstone_mark; }
  media_type type() const { return static_cast<media_type>(packed_ & 0xff); }
  /// 1 for the first value since create_revision. 56 bits: a thousand years at a million writes a second.
  std::uint64_t number() const { return packed_ >> 8; }

  void set_tombstone() { packed_ = tombstone_mark; }
  void set_value(media_type type, std::uint64_t number) {
    packed_ = number << 8 | static_cast<std::uint64_t>(type);
  }

private:
  static constexpr std::uint64_t tombstone_mark = 0xff;
  std::uint64_t packed_ = tombstone_mark;
};
static_assert(sizeof(version) == 40);

/// Versions in slabs, without an allocator's header for each, and reused last freed first. The slabs
/// themselves are kept. Whoever made a version frees it; the destructor only drops the slabs.
class version_pool {
public:
  version* make() {
    if (!free_) grow();
    auto* cell = free_;
    free_ = cell->next;
    return ::new (static_cast<void*>(cell)) version;
  }
  void destroy(version* v) {
    v->~version();
    free_ = ::new (static_cast<void*>(v)) cell{free_};
  }

private:
  struct cell {
    cell* next;
  };
  struct alignas(version) room {
    std::byte bytes[sizeof(version)];
  };
  static constexpr std::size_t slab_versions = 1024;

  void grow() {
    auto& slab = slabs_.emplace_back(std::make_unique_for_overwrite<room[]>(slab_versions));
    for (std::size_t i = slab_versions; i-- > 0;)
      free_ = ::new (static_cast<void*>(&slab[i])) cell{free_};
  }

  std::vector<std::unique_ptr<room[]>> slabs_;
  cell* free_ = nullptr;
};

} // namespace troupe::storage
