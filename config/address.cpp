#include "config/address.hpp"

#include "config/text.hpp"

#include <arpa/inet.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <tuple>

namespace troupe::config {
namespace {

error invalid(std::string detail) {
  return {errc::invalid_argument, std::move(detail)};
}

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}
bool is_letter(char c) {
  return c >= 'a' && c <= 'z';
}

std::string dotted(const in_addr& ip) {
  std::array<char, INET_ADDRSTRLEN> text{};
  return inet_ntop(AF_INET, &ip, text.data(), text.size());
}

result<std::string> normalise_ipv6(const std::string& host) {
  in6_addr ip{};
  if (inet_pton(AF_INET6, host.c_str(), &ip) != 1)
    return invalid(in_quotes(host) + " is not an IPv6 address");
  if (IN6_IS_ADDR_V4MAPPED(&ip)) {
    in_addr v4{};
    std::copy_n(ip.s6_addr + 12, 4, reinterpret_cast<unsigned char*>(&v4.s_addr));
    return dotted(v4);
  }
  std::array<char, INET6_ADDRSTRLEN> text{};
  return std::string{inet_ntop(AF_INET6, &ip, text.data(), text.size())};
}

/// RFC 1123 §2.1: labels of 1 to 63 letters, digits and hyphens, no hyphen at either end, 253 bytes in all.
/// Underscores are allowed on top, since names given to containers have them.
bool is_host_name(std::string_view host) {
  if (host.empty() || host.size() > 253) return false;
  std::size_t begin = 0;
  while (begin <= host.size()) {
    const auto end = std::min(host.find('.', begin), host.size());
    const auto label = host.substr(begin, end - begin);
    if (label.empty() || label.size() > 63 || label.front() == '-' || label.back() == '-') return false;
    if (!std::ranges::all_of(label,
                             [](char c) { return is_letter(c) || is_digit(c) || c == '-' || c == '_'; }))
      return false;
    begin = end + 1;
  }
  return true;
}

/// Resolvers read "127.1", "2130706433" and "0x7f.1" as IPv4 addresses of their own; such spellings are
/// refused, so that no address has two.
bool looks_numeric(std::string_view host) {
  const auto last = host.substr(host.rfind('.') + 1);
  return !last.empty() && (std::ranges::all_of(last, is_digit) || last.starts_with("0x"));
}

} // namespace

std::string address::to_string() const {
  const bool v6 = host.find(':') != std::string::npos;
  return (v6 ? "[" + host + "]" : host) + ":" + std::to_string(port);
}

result<std::string> normalise_host(std::string_view host) {
  std::string text(host);
  for (char& c : text)
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  if (text.find('\0') != std::string::npos) return invalid(in_quotes(host) + " is not a host");
  if (text.size() > 2 && text.front() == '[' && text.back() == ']')
    return normalise_ipv6(text.substr(1, text.size() - 2));
  if (text.find(':') != std::string::npos) return normalise_ipv6(text);
  if (text.size() > 1 && text.back() == '.') text.pop_back();
  if (text == "localhost") return std::string{"127.0.0.1"};

  in_addr ip{};
  if (inet_pton(AF_INET, text.c_str(), &ip) == 1) return dotted(ip);
  if (looks_numeric(text))
    return invalid(in_quotes(host) + " is not an IPv4 address of four numbers from 0 to 255");
  if (!is_host_name(text)) return invalid(in_quotes(host) + " is neither an IP address nor a host name");
  return text;
}

result<std::uint16_t> parse_port(std::string_view text) {
  std::uint32_t port = 0;
  const auto* end = text.data() + text.size();
  const auto parsed = std::from_chars(text.data(), end, port);
  const bool plain = !text.empty() && std::ranges::all_of(text, is_digit);
  if (!plain || parsed.ec != std::errc{} || parsed.ptr != end || port == 0 || port > 65535)
    return invalid(in_quotes(text) + " is not a port; a port is a number from 1 to 65535");
  return static_cast<std::uint16_t>(port);
}

result<address> parse_address(std::string_view text) {
  const auto colon = text.rfind(':');
  if (text.empty() || colon == std::string_view::npos || text.back() == ']')
    return invalid(in_quotes(text) + " has no port; write host:port, such as \"127.0.0.1:7000\"");
  const auto host_text = text.substr(0, colon);
  if (host_text.empty())
    return invalid(in_quotes(text) + " has no host; write host:port, such as \"127.0.0.1:7000\"");
  const bool bracketed = host_text.front() == '[' && host_text.back() == ']';
  if (!bracketed && host_text.find(':') != std::string_view::npos)
    return invalid(in_quotes(text) +
                   " is ambiguous; write an IPv6 address in brackets, such as \"[::1]:7000\"");
  auto host = normalise_host(host_text);
  if (!host) return host.error();
  const auto port = parse_port(text.substr(colon + 1));
  if (!port) return port.error();
  return address{*std::move(host), *port};
}

bool is_loopback(std::string_view host) {
  // A name may start with "127." as well, but then its last label is not a number, which normalise_host saw
  // to.
  const auto last = host.substr(host.rfind('.') + 1);
  const bool numeric = !last.empty() && std::ranges::all_of(last, is_digit);
  return host == "::1" || (host.starts_with("127.") && numeric);
}

bool is_wildcard(std::string_view host) {
  return host == "0.0.0.0" || host == "::";
}

bool dials(const address& self, const address& other) {
  const auto spelled = [](const address& a) {
    auto host = normalise_host(a.host);
    return std::tuple{a.port, host ? *std::move(host) : a.host};
  };
  return spelled(self) < spelled(other);
}

} // namespace troupe::config
