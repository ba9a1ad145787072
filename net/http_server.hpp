#pragma once

// The HTTP/1.1 server: sockets, parsing (Boost.Beast), pipelining, limits and time-outs. It knows no routes
// and no actors. One Asio thread runs all of it. Every member function and every callback belongs to that
// thread, unless it says otherwise.

#include "base/result.hpp"
#include "net/http_message.hpp"

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>

namespace boost::asio {
class io_context;
}

namespace troupe::net {

/// Bounds of the server. Every buffer and queue it holds is bounded by them: a connection keeps at most
/// pipeline_max requests and their responses, and reads nothing more until some are written, also when the
/// responses that wait have unwritten_bytes_max. All bodies of requests together stay under memory_bytes_max;
/// responses count there too, and who makes large ones asks can_hold() first.
struct server_limits {
  std::size_t header_bytes_max = 16 * 1024;          ///< request line and headers (431)
  std::size_t body_bytes_max = 17 * 1024 * 1024;     ///< (413)
  std::size_t connections_max = 4'096;               ///< one more gets 503 and is closed
  std::size_t pipeline_max = 64;                     ///< requests of one connection in flight
  std::size_t in_flight_max = 16'384;                ///< requests of all connections in flight (503)
  std::size_t memory_bytes_max = 256 * 1024 * 1024;  ///< request bodies and unwritten answers at once (503)
  std::size_t unwritten_bytes_max = 4 * 1024 * 1024; ///< answers of one connection; more are not read for
  std::chrono::milliseconds idle_timeout{60'000};    ///< between requests
  std::chrono::milliseconds header_timeout{
      10'000}; ///< from the first byte of a request to the end of its headers
  std::chrono::milliseconds body_timeout{30'000}; ///< for a body, and the time its size takes at slowest_pace
  std::chrono::milliseconds write_timeout{30'000}; ///< for what is being written, and the time its size takes
  std::size_t slowest_pace = 64 * 1024;            ///< bytes a second that a client must reach
  std::chrono::milliseconds linger_timeout{1'000}; ///< for a refused client to read why
};

/// Names one request of one connection. Stays harmless when the connection is gone.
struct request_token {
  std::uint32_t connection = 0;
  std::uint32_t generation = 0; ///< of that place in the table of connections
  std::uint64_t sequence = 0;   ///< of the request within the connection
  std::size_t charge = 0;       ///< bytes of its body, counted until it is completed
};

/// Whoever answers requests.
class http_handler {
public:
  virtual ~http_handler() = default;
  /// Must lead to exactly one complete(token, ...), now or later, also when the connection has ended
  /// meanwhile.
  virtual void on_request(http_request&& request, request_token token) = 0;
};

/// What the server counts, for metrics.
struct server_counters {
  std::uint64_t accepted = 0;
  std::uint64_t refused = 0;    ///< connections beyond connections_max
  std::uint64_t bad = 0;        ///< requests that could not be parsed or broke a limit
  std::uint64_t overloaded = 0; ///< requests beyond in_flight_max
  std::uint64_t timed_out = 0;  ///< connections cut for slowness or idleness
  std::size_t connections = 0;  ///< open now
  std::size_t in_flight = 0;    ///< requests handed to the handler and not completed
  std::size_t memory_bytes = 0; ///< of server_limits::memory_bytes_max
};

class http_server {
public:
  /// Binds and listens, but accepts only after start(). Port 0 picks a free one. errc::unavailable with one
  /// sentence when the address is taken or may not be used, errc::invalid_argument when `host` is no address
  /// of this machine. `context` and `handler` must outlive the server. May be called from any thread before
  /// the context runs.
  static result<std::unique_ptr<http_server>> listen(boost::asio::io_context& context, http_handler& handler,
                                                     const std::string& host, std::uint16_t port,
                                                     server_limits limits);
  ~http_server();

  std::uint16_t port() const;
  void start();
  /// Answers one request. What is completed within one turn of the event loop leaves in one write a
  /// connection.
  void complete(request_token token, http_response&& response);
  /// Whether an answer of this size fits under memory_bytes_max now. An answer of no more than small_answer
  /// always does.
  bool can_hold(std::size_t bytes) const;
  static constexpr std::size_t small_answer = 16 * 1024;
  /// Stops accepting and reading; open requests may still be completed, then their connections close. Idle
  /// ones close now.
  void drain();
  /// Ends every connection, finished or not.
  void close();
  /// No connection is open any more.
  bool idle() const;
  server_counters counters() const;

private:
  class impl;
  explicit http_server(std::shared_ptr<impl> implementation);
  std::shared_ptr<impl> impl_;
};

} // namespace troupe::net
