#pragma once

// Random vectors, and vectors searched the plain way.

#include "search/vector_index.hpp"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <map>
#include <string>
#include <vector>

namespace troupe::search {

inline std::uint64_t given_seed() {
  const char* given = std::getenv("TROUPE_SEED");
  auto seed = given != nullptr ? std::strtoull(given, nullptr, 10) : 20'240'611ull;
  std::printf("TROUPE_SEED=%llu\n", static_cast<unsigned long long>(seed));
  return seed;
}

/// SplitMix64 (Steele, Lea and Flood, OOPSLA 2014).
class dice {
public:
  explicit dice(std::uint64_t seed) : state_(seed) {}

  std::uint64_t next() {
    auto z = state_ += 0x9e3779b97f4a7c15;
    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9;
    z = (z ^ z >> 27) * 0x94d049bb133111eb;
    return z ^ z >> 31;
  }
  std::size_t below(std::size_t n) { return next() % n; }
  /// From -1 to 1.
  float real() { return static_cast<float>(static_cast<double>(next() >> 11) / 4503599627370496.0 - 1); }

private:
  std::uint64_t state_;
};

/// Points around a few centres, as embeddings of texts are.
class clusters {
public:
  clusters(std::uint64_t seed, std::size_t centres, std::uint32_t dimension)
      : dice_(seed), dimension_(dimension) {
    for (std::size_t i = 0; i < centres * dimension; ++i)
      centres_.push_back(dice_.real());
  }

  std::vector<float> draw(std::size_t count = 1) {
    std::vector<float> v;
    for (std::size_t i = 0; i < count; ++i) {
      auto centre = dice_.below(centres_.size() / dimension_) * dimension_;
      for (std::size_t j = 0; j < dimension_; ++j)
        v.push_back(centres_[centre + j] + 0.6f * dice_.real());
    }
    return v;
  }

private:
  dice dice_;
  std::uint32_t dimension_;
  std::vector<float> centres_;
};

/// What vector_index promises, one document after the other in double precision.
class plain_vectors {
public:
  explicit plain_vectors(const vector_settings& settings) : settings_(settings) {}

  std::map<doc_id, std::vector<float>> docs;

  double score(const std::vector<float>& query, doc_id d, std::uint32_t passage) const {
    auto& v = docs.at(d);
    double dot = 0, square = 0, length_a = 0, length_b = 0;
    for (std::size_t i = 0; i < settings_.dimension; ++i) {
      double a = query[i], b = v[passage * settings_.dimension + i];
      dot += a * b;
      square += (a - b) * (a - b);
      length_a += a * a;
      length_b += b * b;
    }
    if (settings_.distance == metric::l2) return 1 / (1 + square);
    return settings_.distance == metric::cosine ? dot / std::sqrt(length_a * length_b) : dot;
  }
  vector_hit best(const std::vector<float>& query, doc_id d) const {
    vector_hit hit{d, score(query, d, 0), 0};
    for (std::uint32_t p = 1; p < docs.at(d).size() / settings_.dimension; ++p)
      if (auto s = score(query, d, p); s > hit.score) hit = {d, s, p};
    return hit;
  }
  std::vector<vector_hit> search(const std::vector<float>& query, std::size_t k,
                                 const doc_set* within) const {
    std::vector<vector_hit> hits;
    for (auto& [d, vectors] : docs)
      if (within == nullptr || within->contains(d)) hits.push_back(best(query, d));
    std::stable_sort(hits.begin(), hits.end(), [](auto& a, auto& b) { return a.score > b.score; });
    if (hits.size() > k) hits.resize(k);
    return hits;
  }

private:
  vector_settings settings_;
};

} // namespace troupe::search
