#pragma once

// A client for tests that can misbehave: it sends any bytes in any pieces and waits with a deadline.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace troupe::net::test {

struct client_response {
  unsigned status = 0;
  std::string head; ///< status line and headers
  std::string body;
};

class http_client {
public:
  explicit http_client(std::uint16_t port);
  ~http_client();
  http_client(const http_client&) = delete;
  http_client& operator=(const http_client&) = delete;

  /// False when the server has cut the connection.
  bool send(std::string_view bytes);
  /// Sends as much as fits without waiting; the number of bytes.
  std::size_t send_some(std::string_view bytes);
  void finish_sending();
  /// Makes the kernel take little for us before the sender has to wait. Call before anything is received.
  void shrink_receive_buffer();

  /// The next response; none when the connection ends first or ten seconds pass. `head_only`: it answers a
  /// HEAD or is a 1xx.
  std::optional<client_response> receive(bool head_only = false);
  /// True when the server ends the connection, by a reset as well, within ten seconds. What it still sends is
  /// dropped.
  bool ended();

private:
  bool fill();

  int fd_ = -1;
  std::string input_;
};

} // namespace troupe::net::test
