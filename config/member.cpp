#include "config/member.hpp"

#include "config/draft.hpp"

namespace troupe::config {

result<node_id> parse_node_id(std::string_view text) {
  auto name = parse_name(text);
  if (!name) return name.error();
  return node_id{*std::move(name)};
}

result<address> parse_peer_address(std::string_view text) {
  auto parsed = parse_address(text);
  if (!parsed) return parsed;
  if (auto fine = check_dialable(*parsed); !fine) return fine.error();
  return parsed;
}

result<void> check_dialable(const address& peer) {
  if (!is_wildcard(peer.host)) return {};
  return error{errc::invalid_argument,
               peer.to_string() + " is not an address that other nodes can dial; name the machine"};
}

result<void> check_apart(const address& peer, const address& http) {
  if (!collide(peer, http, true)) return {};
  return error{errc::invalid_argument, http.to_string() + " is the peer address of the same node as well"};
}

bool collide(const address& a, const address& b, bool one_machine) {
  if (a.port != b.port) return false;
  const bool local = is_loopback(a.host) || is_wildcard(a.host);
  if (a.host == b.host) return one_machine || !local;
  return one_machine && (is_wildcard(a.host) || is_wildcard(b.host));
}

} // namespace troupe::config
