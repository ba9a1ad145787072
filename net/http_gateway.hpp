#pragma once

// The HTTP gateway: an actor that lives on a thread of its own, where Asio runs the sockets. It translates
// (net/http_api.hpp), sends everything that was parsed in one turn as one request_batch, and gets answers
// back in batches.

#include "base/result.hpp"
#include "messages/frontend.hpp"
#include "net/http_api.hpp"
#include "net/http_server.hpp"

#include <caf/actor.hpp>
#include <caf/actor_system.hpp>

#include <cstdint>
#include <memory>
#include <string>

namespace prometheus {
class Registry;
}

namespace troupe::net {

struct http_gateway_options {
  std::string host = "127.0.0.1";
  std::uint16_t port = 8000; ///< 0: any free one
  server_limits limits;
  api_options api; ///< metrics_text is set by the gateway
};

/// A bound but not yet running gateway, then a running one. Owned by whoever composes the node; its own
/// functions may be called from any thread, one at a time.
class http_gateway {
public:
  /// Binds the port before anything else starts: errc::unavailable with one clear sentence when it is taken.
  /// `registry` must outlive the gateway.
  static result<std::unique_ptr<http_gateway>> bind(http_gateway_options options,
                                                    std::shared_ptr<prometheus::Registry> registry);
  /// Stops at once and joins, when that has not happened.
  ~http_gateway();

  std::uint16_t port() const;
  /// Spawns the actor on its own thread and starts to accept. `front` gets every request.
  /// The actor ends on an exit message: it stops accepting, answers what is open with 503 or 504 and closes,
  /// all within 500 ms. By itself it ends only when the event loop fails; its monitors learn of it, and may
  /// call start() again, which listens on the same port anew. Never call it while the actor lives.
  caf::actor start(caf::actor_system& system, front_actor front);
  /// Waits for the thread to end and gives up all handles: after an exit message to the actor, before the
  /// actor system goes away.
  void join();

private:
  class impl;
  explicit http_gateway(std::unique_ptr<impl> implementation);
  std::unique_ptr<impl> impl_;
};

} // namespace troupe::net
