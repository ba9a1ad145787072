#include "net/tcp.hpp"

#include <arpa/inet.h>
#include <dirent.h>
#include <fcntl.h>
#include <netdb.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <memory>

namespace troupe::net {

namespace {

struct close_folder {
  void operator()(DIR* folder) const { ::closedir(folder); }
};

using address_list = std::unique_ptr<addrinfo, decltype(&::freeaddrinfo)>;

result<address_list> resolve(const std::string& host, std::uint16_t port, int flags) {
  addrinfo hints{};
  hints.ai_family = AF_UNSPEC;
  hints.ai_socktype = SOCK_STREAM;
  hints.ai_flags = flags;
  addrinfo* list = nullptr;
  if (int code = ::getaddrinfo(host.c_str(), std::to_string(port).c_str(), &hints, &list); code != 0)
    return error{errc::unavailable, host + ": " + ::gai_strerror(code)};
  return address_list{list, &::freeaddrinfo};
}

/// Waits for a connection that was begun; 0 or the error.
int await_connected(int fd, std::chrono::milliseconds timeout) {
  pollfd p{fd, POLLOUT, 0};
  int ready = ::poll(&p, 1, static_cast<int>(timeout.count()));
  if (ready == 0) return ETIMEDOUT;
  if (ready < 0) return errno;
  int code = 0;
  socklen_t size = sizeof code;
  ::getsockopt(fd, SOL_SOCKET, SO_ERROR, &code, &size);
  return code;
}

std::uint16_t port_of(const sockaddr_storage& a) {
  if (a.ss_family == AF_INET) return ntohs(reinterpret_cast<const sockaddr_in&>(a).sin_port);
  if (a.ss_family == AF_INET6) return ntohs(reinterpret_cast<const sockaddr_in6&>(a).sin6_port);
  return 0;
}

bool uses_port(int fd, std::uint16_t port) {
  sockaddr_storage a{};
  socklen_t size = sizeof a;
  if (::getsockname(fd, reinterpret_cast<sockaddr*>(&a), &size) == 0 && port_of(a) == port) return true;
  size = sizeof a;
  return ::getpeername(fd, reinterpret_cast<sockaddr*>(&a), &size) == 0 && port_of(a) == port;
}

} // namespace

result<int> connect_within(const std::string& host, std::uint16_t port, std::chrono::milliseconds timeout) {
  auto list = resolve(host, port, 0);
  if (!list) return list.error();
  int code = EADDRNOTAVAIL;
  for (auto* a = list->get(); a; a = a->ai_next) {
    int fd = ::socket(a->ai_family, a->ai_socktype | SOCK_NONBLOCK | SOCK_CLOEXEC, a->ai_protocol);
    if (fd < 0) return error{errc::unavailable, std::strerror(errno)};
    code = ::connect(fd, a->ai_addr, a->ai_addrlen) == 0 ? 0 : errno;
    if (code == EINPROGRESS) code = await_connected(fd, timeout);
    if (code == 0) {
      int on = 1;
      ::setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
      ::fcntl(fd, F_SETFL, ::fcntl(fd, F_GETFL) & ~O_NONBLOCK);
      return fd;
    }
    ::close(fd);
  }
  return error{errc::unavailable, host + ":" + std::to_string(port) + ": " + std::strerror(code)};
}

result<void> check_port_free(const std::string& host, std::uint16_t port) {
  auto list = resolve(host, port, AI_PASSIVE);
  if (!list) return list.error();
  auto* a = list->get();
  int fd = ::socket(a->ai_family, a->ai_socktype | SOCK_CLOEXEC, a->ai_protocol);
  if (fd < 0) return error{errc::unavailable, std::strerror(errno)};
  int on = 1;
  ::setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  int code = ::bind(fd, a->ai_addr, a->ai_addrlen) == 0 && ::listen(fd, 1) == 0 ? 0 : errno;
  ::close(fd);
  if (code == 0) return {};
  return error{errc::unavailable,
               "port " + host + ":" + std::to_string(port) + " cannot be opened: " + std::strerror(code)};
}

void limit_unacknowledged(std::uint16_t port, std::chrono::milliseconds limit) {
  std::unique_ptr<DIR, close_folder> folder{::opendir("/proc/self/fd")};
  if (!folder) return;
  auto value = static_cast<unsigned>(limit.count());
  while (auto* name = ::readdir(folder.get())) {
    char* end = nullptr;
    auto fd = static_cast<int>(std::strtol(name->d_name, &end, 10));
    if (end == name->d_name || *end != '\0' || !uses_port(fd, port)) continue;
    ::setsockopt(fd, IPPROTO_TCP, TCP_USER_TIMEOUT, &value, sizeof value);
  }
}

} // namespace troupe::net
