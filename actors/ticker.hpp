#pragma once

// The ticker: the only actor of a node that looks at a clock. Tests leave it out and send ticks themselves.

#include "messages/tick.hpp"

#include <caf/all.hpp>

#include <cstdint>
#include <vector>

namespace troupe {

struct ticker_options {
  std::int64_t period_ms = 25;
};

/// Who gets a tick every so many periods.
struct ticked {
  caf::actor who;
  std::uint64_t every = 1;
};

/// Replaces the list, when an actor was started anew.
struct tick_these {
  std::vector<ticked> actors;
};

/// Understands tick_these.
caf::behavior ticker(caf::event_based_actor* self, ticker_options options, std::vector<ticked> actors);

} // namespace troupe

CAF_ALLOW_UNSAFE_MESSAGE_TYPE(troupe::tick_these)
