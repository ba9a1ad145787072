#pragma once

// The texts that search is measured with, and the questions asked of them. The same each time for the same
// files.

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

namespace troupe::bench {

/// The glosses of WordNet's synsets (Debian's wordnet-base): short texts. Empty when the files are not there.
std::vector<std::string> wordnet_glosses(const std::string& folder, std::size_t count_max);
/// The manual pages under `folder` of at least 2 KiB, without their markup: long texts. Runs zcat.
std::vector<std::string> manual_pages(const std::string& folder, std::size_t count_max);

/// splitmix64 (Steele, Lea and Flood, 2014).
class dice {
public:
  explicit dice(std::uint64_t seed) : state_(seed) {}
  std::uint64_t next() {
    auto z = state_ += 0x9E3779B97F4A7C15U;
    z = (z ^ z >> 30) * 0xBF58476D1CE4E5B9U;
    z = (z ^ z >> 27) * 0x94D049BB133111EBU;
    return z ^ z >> 31;
  }
  std::size_t below(std::size_t n) { return static_cast<std::size_t>(next() % n); }

private:
  std::uint64_t state_;
};

/// One query in our language and in FTS5's.
struct question {
  std::string ours;
  std::string theirs;
};
struct question_kind {
  std::string name;
  std::vector<question> questions;
};

/// One, two and three words, phrases of two and three, and prefixes, all taken from places in the texts: what
/// is frequent there is asked for frequently, and every question has an answer.
std::vector<question_kind> questions_about(const std::vector<std::string>& texts, std::size_t count,
                                           std::uint64_t seed);

} // namespace troupe::bench
