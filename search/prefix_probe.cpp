#include "search/prefix_probe.hpp"

#include <utility>

namespace troupe::search {

std::vector<std::string> prefix_probes(std::string_view folded, analyzer& words) {
  auto stem = words.stem(folded);
  if (stem.starts_with(folded)) return {std::string{folded}};
  if (folded.starts_with(stem)) return {std::move(stem)};
  return {std::string{folded}, std::move(stem)};
}

} // namespace troupe::search
