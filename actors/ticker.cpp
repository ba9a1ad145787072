#include "actors/ticker.hpp"

#include "actors/steady_clock.hpp"

#include <chrono>
#include <memory>

namespace troupe {

namespace {

using next_atom = caf::atom_constant<caf::atom("next")>;

} // namespace

caf::behavior ticker(caf::event_based_actor* self, ticker_options options, std::vector<ticked> actors) {
  auto list = std::make_shared<std::vector<ticked>>(std::move(actors));
  auto count = std::make_shared<std::uint64_t>(0);
  self->send(self, next_atom::value);
  return {
      [=](next_atom) {
        self->delayed_send(self, std::chrono::milliseconds(options.period_ms), next_atom::value);
        tick now{steady_now_ms()};
        for (auto& t : *list)
          if (*count % t.every == 0) self->send(t.who, now);
        ++*count;
      },
      [=](tick_these& next) { *list = std::move(next.actors); },
  };
}

} // namespace troupe
