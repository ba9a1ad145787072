#include "tests/net/http_client.hpp"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <chrono>
#include <cstdlib>
#include <stdexcept>

namespace troupe::net::test {

namespace {

constexpr int patience_ms = 10'000;

} // namespace

http_client::http_client(std::uint16_t port) : fd_(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  if (connect(fd_, reinterpret_cast<sockaddr*>(&address), sizeof address) != 0)
    throw std::runtime_error("cannot connect to the server under test");
}

http_client::~http_client() {
  close(fd_);
}

bool http_client::send(std::string_view bytes) {
  while (!bytes.empty()) {
    const auto sent = ::send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (sent <= 0) return false;
    bytes.remove_prefix(static_cast<std::size_t>(sent));
  }
  return true;
}

std::size_t http_client::send_some(std::string_view bytes) {
  const auto sent = ::send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
  return sent < 0 ? 0 : static_cast<std::size_t>(sent);
}

void http_client::finish_sending() {
  shutdown(fd_, SHUT_WR);
}

void http_client::shrink_receive_buffer() {
  const int small = 4096;
  setsockopt(fd_, SOL_SOCKET, SO_RCVBUF, &small, sizeof small);
}

bool http_client::fill() {
  pollfd waiting{fd_, POLLIN, 0};
  if (poll(&waiting, 1, patience_ms) <= 0)
    throw std::runtime_error("the server under test said nothing for ten seconds");
  char bytes[64 * 1024];
  const auto received = recv(fd_, bytes, sizeof bytes, 0);
  if (received <= 0) return false;
  input_.append(bytes, static_cast<std::size_t>(received));
  return true;
}

std::optional<client_response> http_client::receive(bool head_only) {
  std::size_t end;
  while ((end = input_.find("\r\n\r\n")) == std::string::npos)
    if (!fill()) return std::nullopt;
  client_response response;
  response.head = input_.substr(0, end + 2);
  input_.erase(0, end + 4);
  response.status =
      static_cast<unsigned>(std::strtoul(response.head.c_str() + sizeof "HTTP/1.1", nullptr, 10));
  const std::string name = "\r\nContent-Length: ";
  const auto length = response.head.find(name);
  if (head_only || length == std::string::npos) return response;
  const auto size = std::strtoul(response.head.c_str() + length + name.size(), nullptr, 10);
  while (input_.size() < size)
    if (!fill()) return std::nullopt;
  response.body = input_.substr(0, size);
  input_.erase(0, size);
  return response;
}

bool http_client::ended() {
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::milliseconds{patience_ms};
  while (std::chrono::steady_clock::now() < deadline) {
    if (!fill()) return true;
    input_.clear();
  }
  return false;
}

} // namespace troupe::net::test
