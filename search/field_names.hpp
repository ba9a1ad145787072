#pragma once

// Names of JSON fields and the numbers they go by, as long as a document has them.

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace troupe::search {

using field_number = std::uint32_t;

class field_names {
public:
  field_names() { use(""); }

  /// The number of a name, with one more user. The empty name is always number 0.
  field_number use(std::string_view name) {
    auto found = numbers_.find(name);
    if (found == numbers_.end()) {
      field_number n;
      if (free_.empty()) {
        n = static_cast<field_number>(users_.size());
        users_.push_back({});
      } else {
        n = free_.back();
        free_.pop_back();
      }
      found = numbers_.emplace(std::string(name), n).first;
      users_[n].name = found->first;
      bytes_ += name.size() + per_name;
    }
    ++users_[found->second].count;
    return found->second;
  }
  void use(field_number n) { ++users_[n].count; }
  /// One user less; the number is given to another name when there is none left.
  void release(field_number n) {
    if (--users_[n].count > 0) return;
    bytes_ -= users_[n].name.size() + per_name;
    numbers_.erase(numbers_.find(users_[n].name));
    users_[n].name.clear();
    free_.push_back(n);
  }
  std::optional<field_number> find(std::string_view name) const {
    auto found = numbers_.find(name);
    if (found == numbers_.end()) return std::nullopt;
    return found->second;
  }
  std::uint64_t memory_bytes() const { return bytes_ * 2 + users_.capacity() * sizeof(user); }

private:
  static constexpr std::uint64_t per_name = 48;
  struct user {
    std::string name;
    std::uint64_t count = 0;
  };
  std::map<std::string, field_number, std::less<>> numbers_;
  std::vector<user> users_; ///< by number
  std::vector<field_number> free_;
  std::uint64_t bytes_ = 0;
};

} // namespace troupe::search
