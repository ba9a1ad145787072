#include "client/address_book.hpp"

#include <algorithm>
#include <charconv>

namespace troupe::client {

namespace {

constexpr std::int64_t first_pause_ms = 50;
constexpr std::int64_t longest_pause_ms = 2'000;

} // namespace

std::string address::to_string() const {
  const bool v6 = host.find(':') != std::string::npos;
  return (v6 ? "[" + host + "]" : host) + ":" + std::to_string(port);
}

result<address> parse_address(std::string_view text) {
  const auto bad = [&](std::string_view why) {
    return failure{failure_kind::invalid, "\"" + std::string{text} + "\" is no address: " + std::string{why}};
  };
  const auto colon = text.rfind(':');
  if (colon == std::string_view::npos) return bad("write host:port");
  auto host = text.substr(0, colon);
  if (host.starts_with('[') && host.ends_with(']')) {
    host = host.substr(1, host.size() - 2);
  } else if (host.find(':') != std::string_view::npos) {
    return bad("an IPv6 address stands in brackets, as in [::1]:7000");
  }
  if (host.empty()) return bad("the host is missing");
  const auto digits = text.substr(colon + 1);
  std::uint16_t port = 0;
  const auto read = std::from_chars(digits.data(), digits.data() + digits.size(), port);
  if (read.ec != std::errc{} || read.ptr != digits.data() + digits.size() || port == 0)
    return bad("a port is a number from 1 to 65535");
  return address{std::string{host}, port};
}

address_book::address_book(std::vector<address> seeds, std::size_t first) : turn_(first % seeds.size()) {
  for (auto& seed : seeds)
    known_.push_back({std::move(seed)});
}

void address_book::learn(const address& member) {
  if (!find(member) && known_.size() < addresses_max) known_.push_back({member});
}

void address_book::set_leader(std::optional<address> leader) {
  if (leader) learn(*leader);
  leader_ = std::move(leader);
}

std::optional<address> address_book::next(std::int64_t now_ms, const std::vector<address>& except) {
  const auto excepted = [&](const address& a) {
    return std::find(except.begin(), except.end(), a) != except.end();
  };
  if (leader_ && usable(*leader_, now_ms) && !excepted(*leader_)) return leader_;
  for (std::size_t tried = 0; tried < known_.size(); ++tried) {
    const auto& candidate = known_[turn_];
    turn_ = (turn_ + 1) % known_.size();
    if (candidate.not_before_ms <= now_ms && !excepted(candidate.where)) return candidate.where;
  }
  return std::nullopt;
}

bool address_book::usable(const address& a, std::int64_t now_ms) const {
  const auto place = std::find_if(known_.begin(), known_.end(), [&](auto& k) { return k.where == a; });
  return place != known_.end() && place->not_before_ms <= now_ms;
}

void address_book::failed(const address& a, std::int64_t now_ms) {
  auto* known = find(a);
  if (!known) return;
  const auto doublings = std::min(known->failures, 10U);
  known->not_before_ms = now_ms + std::min(first_pause_ms << doublings, longest_pause_ms);
  ++known->failures;
}

void address_book::too_slow(const address& a, std::int64_t now_ms) {
  if (auto* known = find(a)) known->not_before_ms = now_ms + longest_pause_ms;
}

void address_book::succeeded(const address& a) {
  if (auto* known = find(a)) {
    known->failures = 0;
    known->not_before_ms = INT64_MIN;
  }
}

address_book::known_address* address_book::find(const address& a) {
  const auto place = std::find_if(known_.begin(), known_.end(), [&](auto& k) { return k.where == a; });
  return place == known_.end() ? nullptr : &*place;
}

} // namespace troupe::client
