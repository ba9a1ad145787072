#include "actors/link_keeper.hpp"

#include <spdlog/spdlog.h>

#include <algorithm>
#include <utility>

namespace troupe {

namespace {

using self_pointer = link_keeper_actor::stateful_pointer<link_keeper_state>;

void announce(self_pointer self) {
  auto& s = self->state;
  links_ready ready;
  for (auto& [address, kept] : s.links)
    ready.links[address] = kept.link;
  ready.keeper = link_keeper_actor{self};
  self->send(s.formation, std::move(ready));
}

/// False: the address is none.
bool begin(self_pointer self, const std::string& address, unsigned restarts) {
  auto& s = self->state;
  auto link = s.options.make(address);
  if (!link) {
    spdlog::warn("link: {} is no address of a node", address);
    return false;
  }
  self->monitor(link);
  self->link_to(link); // so that it ends with the keeper, however that ends
  s.made.insert(link.address());
  s.links[address] = {std::move(link), restarts, s.now_ms};
  return true;
}

void end(self_pointer self, std::map<std::string, link_keeper_state::kept>::iterator place) {
  auto& s = self->state;
  self->demonitor(place->second.link.address());
  self->unlink_from(place->second.link);
  s.made.erase(place->second.link.address());
  self->send_exit(place->second.link, caf::exit_reason::user_shutdown);
  self->send(s.formation, link_state{place->first, false});
  s.links.erase(place);
}

void on_down(self_pointer self, const caf::down_msg& down) {
  auto& s = self->state;
  auto place = std::find_if(s.links.begin(), s.links.end(),
                            [&](auto& entry) { return entry.second.link.address() == down.source; });
  if (place == s.links.end()) return;
  auto reason = self->system().render(down.reason);
  auto address = place->first;
  auto restarts = place->second.restarts + 1;
  if (restarts > s.options.restarts_max) {
    spdlog::error("link: the link to {} ended too often ({})", address, reason);
    return self->quit(caf::sec::runtime_error);
  }
  spdlog::error("link: the link to {} ended ({}), starting it again ({} of {})", address, reason, restarts,
                s.options.restarts_max);
  self->send(s.formation, link_state{address, false});
  s.links.erase(place);
  begin(self, address, restarts);
  announce(self);
}

void on_wanted(self_pointer self, wanted_links& w) {
  auto& s = self->state;
  bool more = false;
  for (auto& [address, kept] : s.links)
    if (s.wanted.contains(address) && !w.addresses.contains(address)) kept.unwanted_since_ms = s.now_ms;
  s.wanted = std::move(w.addresses);
  for (auto& address : s.wanted)
    if (!s.links.contains(address)) more = begin(self, address, 0) || more;
  if (more) announce(self);
}

/// The link of a node that says hello; null: there are too many that nobody wants.
peer_link_actor link_of(self_pointer self, const std::string& address) {
  auto& s = self->state;
  if (auto known = s.links.find(address); known != s.links.end()) return known->second.link;
  auto strangers = std::count_if(s.links.begin(), s.links.end(),
                                 [&](auto& entry) { return !s.wanted.contains(entry.first); });
  if (static_cast<std::size_t>(strangers) >= s.options.strangers_max || !begin(self, address, 0)) return {};
  announce(self);
  return s.links.at(address).link;
}

void on_tick(self_pointer self, const tick& t) {
  auto& s = self->state;
  s.now_ms = t.steady_ms;
  bool fewer = false;
  for (auto place = s.links.begin(); place != s.links.end();) {
    auto here = place++;
    bool over =
        !s.wanted.contains(here->first) && s.now_ms - here->second.unwanted_since_ms >= s.options.unwanted_ms;
    if (over)
      end(self, here), fewer = true;
    else
      self->send(here->second.link, t);
  }
  if (fewer) announce(self);
}

} // namespace

link_keeper_actor::behavior_type link_keeper(self_pointer self, link_keeper_options options,
                                             formation_actor formation) {
  auto& s = self->state;
  s.options = std::move(options);
  s.formation = std::move(formation);
  s.wanted = s.options.addresses;
  self->set_down_handler([=](caf::down_msg& down) { on_down(self, down); });
  // That a link ended is the down handler's business.
  self->set_exit_handler([=](caf::exit_msg& e) {
    if (self->state.made.erase(e.source) == 0) self->quit(e.reason);
  });
  for (auto& address : s.wanted)
    begin(self, address, 0);
  announce(self);
  return {
      [=](const link_hello& hello,
          const caf::strong_actor_ptr& remote) -> caf::result<link_hello, caf::strong_actor_ptr> {
        auto link = link_of(self, hello.from);
        if (!link) {
          spdlog::warn("link: refused a stranger that says it is {}", hello.from);
          return caf::make_error(caf::sec::invalid_argument, "not a node of this cluster: " + hello.from);
        }
        return self->delegate(link, hello, remote);
      },
      [=](wanted_links& w) { on_wanted(self, w); },
      [=](const tick& t) { on_tick(self, t); },
  };
}

} // namespace troupe
