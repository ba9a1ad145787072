#pragma once

// A model for tests: the same words, in any order, give the same vector, and texts that share words are near
// each other. Some texts are difficult on purpose.

#include "search/embedder.hpp"

#include <cmath>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace troupe::test {

class fake_model : public search::embedder {
public:
  explicit fake_model(std::uint32_t dimension) : dimension_(dimension) {}

  static result<std::unique_ptr<search::embedder>> make(std::uint32_t dimension) {
    return std::unique_ptr<search::embedder>{std::make_unique<fake_model>(dimension)};
  }

  std::uint32_t dimension() const override { return dimension_; }

  /// "impossible" fails, "away" is not to be had, white space is nothing.
  result<search::embedded_text> embed(std::string_view text) override {
    if (text.find("impossible") != text.npos) return error{errc::io_error, "cannot be embedded"};
    if (text.find("away") != text.npos) return error{errc::unavailable, "nobody answers"};
    std::vector<float> v(dimension_, 0.0f);
    bool any = false;
    for (std::size_t at = 0; at < text.size();) {
      auto begin = text.find_first_not_of(" .,", at);
      if (begin == text.npos) break;
      auto end = std::min(text.find_first_of(" .,", begin), text.size());
      std::uint32_t h = 2166136261u;
      for (auto c : text.substr(begin, end - begin))
        h = (h ^ static_cast<unsigned char>(c)) * 16777619u;
      v[h % dimension_] += 1.0f;
      v[(h >> 8) % dimension_] += 0.5f;
      any = true;
      at = end;
    }
    if (!any) return error{errc::invalid_argument, "nothing to embed"};
    float length = 0;
    for (auto x : v)
      length += x * x;
    for (auto& x : v)
      x /= std::sqrt(length);
    return search::embedded_text{{{0, static_cast<std::uint32_t>(text.size())}}, std::move(v)};
  }

private:
  std::uint32_t dimension_;
};

} // namespace troupe::test
