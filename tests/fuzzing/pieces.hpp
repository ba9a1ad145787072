#pragma once

// Takes an input apart into numbers and stretches of bytes, and puts one together.

#include <algorithm>
#include <cstdint>
#include <string>
#include <string_view>

namespace troupe::fuzzing {

/// Past the end every number is 0 and every stretch empty.
class pieces {
public:
  explicit pieces(std::string_view input) : left_(input) {}

  bool done() const { return left_.empty(); }
  std::uint8_t byte() { return static_cast<std::uint8_t>(number(1)); }
  std::uint16_t word() { return static_cast<std::uint16_t>(number(2)); }
  std::string_view take(std::size_t size) {
    auto taken = left_.substr(0, size);
    left_.remove_prefix(taken.size());
    return taken;
  }
  /// A length of two bytes, and so many bytes.
  std::string_view stretch() { return take(word()); }
  std::string_view rest() { return take(left_.size()); }
  /// Up to the line end, which is taken too.
  std::string_view line() {
    auto taken = take(std::min(left_.find('\n'), left_.size()));
    take(1);
    return taken;
  }

private:
  std::uint64_t number(std::size_t bytes) {
    std::uint64_t value = 0;
    auto digits = take(bytes);
    for (auto digit = digits.rbegin(); digit != digits.rend(); ++digit)
      value = value << 8 | static_cast<unsigned char>(*digit);
    return value;
  }

  std::string_view left_;
};

/// What pieces::stretch() reads. At most 65,535 bytes.
inline void append_stretch(std::string& out, std::string_view bytes) {
  out.push_back(static_cast<char>(bytes.size() & 0xff));
  out.push_back(static_cast<char>(bytes.size() >> 8));
  out += bytes;
}

} // namespace troupe::fuzzing
