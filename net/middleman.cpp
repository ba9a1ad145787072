#include "net/middleman.hpp"

#include "base/assert.hpp"
#include "net/tcp.hpp"
#include "net/tls_errors.hpp"

#include <caf/all.hpp>
#include <caf/io/all.hpp>
#include <caf/io/basp_broker.hpp>
#include <caf/openssl/all.hpp>

#include <openssl/err.h>
#include <openssl/ssl.h>

#include <memory>
#include <set>
#include <unistd.h>

namespace troupe::net {

namespace {

constexpr auto handshake_timeout = std::chrono::seconds(2);

struct dialer_state {
  static inline const char* name = "dialer";
  middleman_options options;
  caf::actor broker; ///< CAF's BASP broker
};

using self_pointer = dialer_actor::stateful_pointer<dialer_state>;
using dial_promise = caf::typed_response_promise<caf::strong_actor_ptr>;

/// Hands the answer of CAF's handshake to who asked for the dial.
template <class Request>
void finish(self_pointer self, Request&& request, dial_promise promise, std::uint16_t port) {
  auto limit = self->state.options.unacknowledged;
  request.then(
      [promise, port, limit](caf::node_id&, caf::strong_actor_ptr& whom, std::set<std::string>&) mutable {
        limit_unacknowledged(port, limit);
        if (whom)
          promise.deliver(std::move(whom));
        else
          promise.deliver(caf::make_error(caf::sec::no_actor_published_at_port));
      },
      [promise](caf::error& e) mutable { promise.deliver(std::move(e)); });
}

dialer_actor::behavior_type dialer(self_pointer self, middleman_options options, caf::actor broker) {
  self->state.options = std::move(options);
  self->state.broker = std::move(broker);
  return {[=](const dial_request& d) -> caf::result<caf::strong_actor_ptr> {
    auto fd = connect_within(d.host, d.port, self->state.options.connect);
    if (!fd) return caf::make_error(caf::sec::cannot_connect_to_node, fd.error().detail);
    // Made only now: a promise takes the request over, and an error returned beside it would never be sent.
    auto promise = self->make_response_promise<caf::strong_actor_ptr>();
    auto& mm = self->system().middleman();
    if (self->state.options.tls) {
      // CAF's TLS connects by itself, blocking; so it is only asked to when the address was seen to answer.
      ::close(*fd);
      finish(self,
             self->request(self->system().openssl_manager().actor_handle(), handshake_timeout,
                           caf::connect_atom_v, d.host, d.port),
             promise, d.port);
    } else {
      finish(self,
             self->request(self->state.broker, handshake_timeout, caf::connect_atom_v,
                           mm.backend().new_scribe(*fd), d.port),
             promise, d.port);
    }
    return promise;
  }};
}

error unusable(std::string_view what, const std::string& file) {
  char reason[256];
  ::ERR_error_string_n(::ERR_get_error(), reason, sizeof reason);
  ::ERR_clear_error();
  return {errc::invalid_argument, std::string(what) + ": " + file + " cannot be used: " + reason};
}

} // namespace

result<void> check_tls(const peer_tls& tls) {
  std::unique_ptr<SSL_CTX, decltype(&::SSL_CTX_free)> context{::SSL_CTX_new(::TLS_method()), &::SSL_CTX_free};
  if (!context) return error{errc::invalid_argument, "OpenSSL cannot be used"};
  if (::SSL_CTX_use_certificate_chain_file(context.get(), tls.certificate.c_str()) != 1)
    return unusable("tls.certificate", tls.certificate);
  if (::SSL_CTX_use_PrivateKey_file(context.get(), tls.key.c_str(), SSL_FILETYPE_PEM) != 1)
    return unusable("tls.key", tls.key);
  if (::SSL_CTX_check_private_key(context.get()) != 1) return unusable("tls.key", tls.key);
  if (::SSL_CTX_load_verify_locations(context.get(), tls.authority.c_str(), nullptr) != 1)
    return unusable("tls.ca", tls.authority);
  return {};
}

void configure_middleman(caf::actor_system_config& config, const middleman_options& options) {
  config.load<caf::io::middleman>();
  config.set("middleman.heartbeat-interval", caf::timespan(options.heartbeat));
  config.set("middleman.connection-timeout", caf::timespan(options.silence));
  if (!options.tls) return;
  TROUPE_ASSERT(keep_tls_errors_apart(), "CAF calls the wrapped operations of OpenSSL");
  config.openssl_certificate = options.tls->certificate;
  config.openssl_key = options.tls->key;
  config.openssl_cafile = options.tls->authority;
  config.load<caf::openssl::manager>();
}

result<std::uint16_t> publish_port(caf::actor_system& system, const node_port_actor& actor,
                                   const std::string& host, std::uint16_t port,
                                   const middleman_options& options) {
  auto bound = options.tls ? caf::openssl::publish(actor, port, host.c_str(), true)
                           : system.middleman().publish(actor, port, host.c_str(), true);
  if (!bound)
    return error{errc::unavailable, "peer port " + host + ":" + std::to_string(port) +
                                        " cannot be opened: " + system.render(bound.error())};
  limit_unacknowledged(*bound, options.unacknowledged);
  return *bound;
}

dialer_actor spawn_dialer(caf::actor_system& system, const middleman_options& options) {
  auto broker = system.middleman().named_broker<caf::io::basp_broker>(caf::atom("BASP"));
  return system.spawn<caf::detached>(dialer, options, broker);
}

} // namespace troupe::net
