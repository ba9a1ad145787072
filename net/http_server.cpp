#include "net/http_server.hpp"

#include "net/http_connection.hpp"
#include "net/http_wire.hpp"

#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>

#include <algorithm>

namespace troupe::net {

namespace asio = boost::asio;
using asio::ip::tcp;
using error_code = boost::system::error_code;

namespace {

/// Connections beyond the limit that are still told why; more than these are just closed.
constexpr std::size_t refused_extra_max = 64;
constexpr std::chrono::milliseconds sweep_interval_max{250};
/// When the process is out of file descriptors, accepting at once again would spin.
constexpr std::chrono::milliseconds accept_pause{100};

result<tcp::endpoint> resolve(asio::io_context& context, const std::string& host, std::uint16_t port) {
  error_code ec;
  if (const auto address = asio::ip::make_address(host, ec); !ec) return tcp::endpoint{address, port};
  tcp::resolver resolver{context};
  const auto found = resolver.resolve(host, std::to_string(port), tcp::resolver::passive, ec);
  if (ec || found.empty())
    return error{errc::invalid_argument, "the HTTP address " + host + " cannot be resolved: " + ec.message()};
  for (auto& entry : found)
    if (entry.endpoint().address().is_v4()) return entry.endpoint();
  return found.begin()->endpoint();
}

} // namespace

/// Handlers keep it: some may still be queued when the server is gone, and run if the context runs on.
class http_server::impl : public std::enable_shared_from_this<http_server::impl> {
public:
  impl(asio::io_context& context, http_handler& handler, server_limits limits, tcp::acceptor acceptor)
      : context_(context), acceptor_(std::move(acceptor)), sweep_timer_(context),
        accept_timer_(context), shared_{limits, handler, {}, {0, limits.memory_bytes_max}, date_header_now(),
                                        {},     {}} {
    shared_.flush_later = [this](std::shared_ptr<http_connection> connection) {
      flush_later(std::move(connection));
    };
    shared_.forget = [this](std::uint32_t index) { forget(index); };
  }

  std::uint16_t port() const {
    error_code ignored;
    return acceptor_.local_endpoint(ignored).port();
  }

  void start() {
    accept();
    sweep();
  }

  void complete(request_token token, http_response&& response) {
    --shared_.counters.in_flight;
    shared_.memory.used -= token.charge;
    auto& entry = table_[token.connection];
    if (entry.connection && entry.generation == token.generation)
      entry.connection->complete(token.sequence, std::move(response));
  }

  void drain() {
    stop_accepting();
    for_each([](http_connection& connection) { connection.drain(); });
  }

  void close() {
    closed_ = true;
    stop_accepting();
    for_each([](http_connection& connection) { connection.close(); });
    sweep_timer_.cancel();
  }

  bool can_hold(std::size_t bytes) const {
    return bytes <= small_answer ||
           (!shared_.memory.full() && bytes <= shared_.memory.max - shared_.memory.used);
  }

  server_counters counters() const {
    auto now = shared_.counters;
    now.memory_bytes = shared_.memory.used;
    return now;
  }

private:
  struct table_entry {
    std::shared_ptr<http_connection> connection;
    std::uint32_t generation = 0;
  };

  void stop_accepting() {
    stopping_ = true;
    error_code ignored;
    acceptor_.close(ignored);
    accept_timer_.cancel();
  }

  void accept() {
    acceptor_.async_accept([this, self = shared_from_this()](error_code ec, tcp::socket socket) {
      if (ec == asio::error::operation_aborted || stopping_) return;
      if (ec) return accept_later();
      add(std::move(socket));
      accept();
    });
  }

  void accept_later() {
    accept_timer_.expires_after(accept_pause);
    accept_timer_.async_wait([this, self = shared_from_this()](error_code ec) {
      if (!ec && !stopping_) accept();
    });
  }

  void add(tcp::socket socket) {
    auto& counters = shared_.counters;
    ++counters.accepted;
    const bool full = counters.connections >= shared_.limits.connections_max;
    if (full) ++counters.refused;
    if (counters.connections >= shared_.limits.connections_max + refused_extra_max) return;
    error_code ignored;
    socket.set_option(tcp::no_delay{true}, ignored);
    if (free_.empty()) {
      free_.push_back(static_cast<std::uint32_t>(table_.size()));
      table_.emplace_back();
    }
    const auto index = free_.back();
    free_.pop_back();
    auto& entry = table_[index];
    auto connection =
        std::make_shared<http_connection>(shared_, std::move(socket), index, ++entry.generation);
    entry.connection = connection;
    ++counters.connections;
    if (full)
      connection->start_refused(
          unavailable(problems::overloaded, "too many connections are open on this node", 1'000));
    else
      connection->start();
  }

  void forget(std::uint32_t index) {
    table_[index].connection.reset();
    free_.push_back(index);
    --shared_.counters.connections;
  }

  void flush_later(std::shared_ptr<http_connection> connection) {
    to_flush_.push_back(std::move(connection));
    if (to_flush_.size() > 1) return;
    asio::post(context_, [this, self = shared_from_this()] {
      flushing_.swap(to_flush_);
      for (auto& waiting : flushing_)
        waiting->flush();
      flushing_.clear();
    });
  }

  void sweep() {
    const auto& limits = shared_.limits;
    const auto shortest = std::min({limits.idle_timeout, limits.header_timeout, limits.body_timeout,
                                    limits.write_timeout, limits.linger_timeout});
    sweep_timer_.expires_after(std::clamp(shortest / 2, std::chrono::milliseconds{1}, sweep_interval_max));
    sweep_timer_.async_wait([this, self = shared_from_this()](error_code ec) {
      if (ec || closed_) return;
      shared_.date_header = date_header_now();
      const auto now = server_shared::clock::now();
      for_each([now](http_connection& connection) { connection.check_deadlines(now); });
      sweep();
    });
  }

  /// `action` may end the connection; the copy keeps it until it is done.
  template <class Action>
  void for_each(Action&& action) {
    for (std::size_t i = 0; i < table_.size(); ++i)
      if (auto connection = table_[i].connection) action(*connection);
  }

  asio::io_context& context_;
  tcp::acceptor acceptor_;
  asio::steady_timer sweep_timer_;
  asio::steady_timer accept_timer_;
  server_shared shared_;
  std::vector<table_entry> table_; ///< at most connections_max and refused_extra_max entries
  std::vector<std::uint32_t> free_;
  std::vector<std::shared_ptr<http_connection>> to_flush_;
  std::vector<std::shared_ptr<http_connection>> flushing_;
  bool stopping_ = false;
  bool closed_ = false;
};

result<std::unique_ptr<http_server>> http_server::listen(asio::io_context& context, http_handler& handler,
                                                         const std::string& host, std::uint16_t port,
                                                         server_limits limits) {
  auto endpoint = resolve(context, host, port);
  if (!endpoint) return endpoint.error();
  error_code ec;
  tcp::acceptor acceptor{context};
  acceptor.open(endpoint->protocol(), ec);
  // Without it a restarted node could not listen while connections of its predecessor still time out.
  if (!ec) acceptor.set_option(tcp::acceptor::reuse_address{true}, ec);
  if (!ec) acceptor.bind(*endpoint, ec);
  if (!ec) acceptor.listen(asio::socket_base::max_listen_connections, ec);
  if (ec) {
    const auto where = host + ":" + std::to_string(port);
    if (ec == asio::error::address_in_use)
      return error{errc::unavailable, "the HTTP address " + where + " is in use by another process"};
    return error{errc::unavailable, "cannot listen on the HTTP address " + where + ": " + ec.message()};
  }
  return std::unique_ptr<http_server>{
      new http_server{std::make_shared<impl>(context, handler, limits, std::move(acceptor))}};
}

http_server::http_server(std::shared_ptr<impl> implementation) : impl_(std::move(implementation)) {}
// What handlers that have not run still hold no longer looks at `handler` once it is closed.
http_server::~http_server() {
  impl_->close();
}
std::uint16_t http_server::port() const {
  return impl_->port();
}
void http_server::start() {
  impl_->start();
}
void http_server::complete(request_token token, http_response&& response) {
  impl_->complete(token, std::move(response));
}
void http_server::drain() {
  impl_->drain();
}
void http_server::close() {
  impl_->close();
}
bool http_server::idle() const {
  return impl_->counters().connections == 0;
}
bool http_server::can_hold(std::size_t bytes) const {
  return impl_->can_hold(bytes);
}
server_counters http_server::counters() const {
  return impl_->counters();
}

} // namespace troupe::net
