#pragma once

// What happened, in order: as a digest, by which two runs of one seed are compared, and for a person.

#include <cstdint>
#include <cstdio>
#include <string>
#include <string_view>

namespace troupe::simulation {

class trace {
public:
  explicit trace(bool verbose) : verbose_(verbose) {}

  bool verbose() const { return verbose_; }
  void add(std::uint64_t fact) { digest_ = (digest_ ^ fact) * 0x100000001b3u ^ (digest_ >> 29); }
  void add(std::string_view text) {
    for (auto c : text)
      add(static_cast<unsigned char>(c));
  }
  /// `now` in milliseconds of the history.
  void say(std::int64_t now, const std::string& what) {
    add(static_cast<std::uint64_t>(now));
    add(what);
    if (verbose_) std::printf("%8lld  %s\n", static_cast<long long>(now), what.c_str());
  }
  std::uint64_t digest() const { return digest_; }

private:
  bool verbose_;
  std::uint64_t digest_ = 0xcbf29ce484222325u;
};

} // namespace troupe::simulation
