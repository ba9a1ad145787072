#include "base/deliberate_bug.hpp"

#ifdef TROUPE_DELIBERATE_BUGS

namespace troupe {

namespace {

bug chosen = bug::none;

} // namespace

void choose_bug(bug which) {
  chosen = which;
}

bool deliberately(bug which) {
  return chosen == which;
}

} // namespace troupe

#endif
