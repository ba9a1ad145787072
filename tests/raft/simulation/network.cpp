#include "tests/raft/simulation/network.hpp"

#include "raft/message_archive.hpp"
#include "tests/raft/simulation/checker.hpp"

namespace troupe::raft::simulation {

void network::send(std::uint64_t now, packet p, random& dice, coverage& seen) {
  if (parted(p.from, p.to)) return;
  if (dice.between(0, 999) < weather_.lost_permille) {
    seen.reached("message lost");
    return;
  }
  if (dice.between(0, 15) == 0) {
    auto copy = decode<message>(encode(p.body), "message");
    require(copy.has_value() && *copy == p.body, "a message does not survive its encoding");
  }
  if (dice.between(0, 999) < weather_.repeated_permille) {
    seen.reached("message repeated");
    flying_.emplace(now + dice.between(0, 4 * weather_.delay_max), p);
  }
  flying_.emplace(now + dice.between(0, weather_.delay_max), std::move(p));
}

std::vector<packet> network::due(std::uint64_t now) {
  std::vector<packet> out;
  auto end = flying_.upper_bound(now);
  for (auto p = flying_.begin(); p != end; ++p)
    if (!parted(p->second.from, p->second.to)) out.push_back(std::move(p->second));
  flying_.erase(flying_.begin(), end);
  return out;
}

} // namespace troupe::raft::simulation
