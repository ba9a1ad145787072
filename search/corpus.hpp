#pragma once

// The documents of an engine: which key has which number, and what its value is.

#include "base/blob.hpp"
#include "search/doc_set.hpp"
#include "search/document.hpp"

#include <absl/container/btree_set.h>

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace troupe::search {

class corpus {
public:
  struct entry {
    std::string key;
    blob value;
    value_kind kind = value_kind::bytes;
    bool present = false; ///< false: the number is free, or reserved for the key
    revision_t mod_revision;
  };

  corpus() = default;
  // The order refers to the entries.
  corpus(const corpus&) = delete;
  corpus& operator=(const corpus&) = delete;

  /// Inserts or replaces; a key keeps its number.
  doc_id put(std::string_view key, blob value, value_kind kind, revision_t mod_revision);
  /// The number of a key, for whose value it is kept free. A key that has one keeps it.
  doc_id reserve(std::string_view key);
  /// Frees the number, whether the document is present or only expected.
  void release(doc_id d);

  /// Of a document that is present.
  std::optional<doc_id> find(std::string_view key) const;
  /// Present or reserved.
  std::optional<doc_id> place_of(std::string_view key) const;
  /// Precondition: present or reserved.
  const entry& at(doc_id d) const { return entries_[d]; }
  bool contains(doc_id d) const { return d < entries_.size() && entries_[d].present; }
  std::size_t size() const { return present_; }

  doc_set with_prefix(std::string_view prefix) const;
  /// Calls use(doc_id) for each document that is present, by ascending key.
  template <class Use>
  void each(Use use) const {
    for (auto d : by_key_)
      if (entries_[d].present) use(d);
  }

  /// The shape in which the indexes ask for keys. `self` is a corpus.
  static std::string_view key_of(const void* self, doc_id d) {
    return static_cast<const corpus*>(self)->at(d).key;
  }

private:
  struct key_order {
    using is_transparent = void;
    const std::vector<entry>* entries;

    std::string_view key(doc_id d) const { return (*entries)[d].key; }
    bool operator()(doc_id a, doc_id b) const { return key(a) < key(b); }
    bool operator()(doc_id a, std::string_view b) const { return key(a) < b; }
    bool operator()(std::string_view a, doc_id b) const { return a < key(b); }
  };

  std::vector<entry> entries_;
  absl::btree_set<doc_id, key_order> by_key_{key_order{&entries_}};
  std::vector<doc_id> free_;
  std::size_t present_ = 0;
};

} // namespace troupe::search
