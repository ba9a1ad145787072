#include "net/http_gateway.hpp"

#include "net/http_metrics.hpp"
#include "net/http_problem.hpp"

#include <caf/actor_companion.hpp>
#include <caf/scoped_execution_unit.hpp>
#include <caf/send.hpp>

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <spdlog/spdlog.h>

#include <exception>
#include <mutex>
#include <thread>

#include <pthread.h>

namespace troupe::net {

namespace asio = boost::asio;
using clock = std::chrono::steady_clock;
using namespace std::chrono_literals;

namespace {

/// What the gateway waits beyond the time-out that the node was told: its answer should win.
constexpr auto backstop = 1'000ms;
constexpr auto sweep_interval = 250ms;
/// How long a stopping gateway waits for answers, and then for the sockets to take them; half a second in
/// all.
constexpr auto stop_answers = 200ms;
constexpr auto stop_writes = 100ms;
constexpr auto stop_poll = 10ms;

/// Keys and values in the answer to a read or a search.
std::size_t bytes_read(const decltype(answer::body)& body) {
  std::size_t bytes = 0;
  if (auto* read = std::get_if<query_result>(&body))
    for (auto& item : read->items)
      bytes += item.key.size() + item.value.size();
  if (auto* found = std::get_if<search_result>(&body))
    for (auto& hit : found->hits)
      bytes += hit.key.size() + hit.value.size();
  return bytes;
}

} // namespace

/// Everything but bind(), start() and join() runs on the thread of the event loop.
class http_gateway::impl final : public http_handler {
public:
  impl(http_gateway_options options, std::shared_ptr<prometheus::Registry> registry)
      : options_(std::move(options)), metrics_(std::move(registry)), api_(with_metrics(options_.api)),
        sweep_timer_(context_), stop_timer_(context_) {}

  ~impl() override {
    if (thread_.joinable()) asio::post(context_, [this] { end(caf::exit_reason::user_shutdown); });
    join();
  }

  result<void> listen() {
    auto bound = http_server::listen(context_, *this, options_.host, options_.port, options_.limits);
    if (!bound) return bound.error();
    server_ = std::move(*bound);
    options_.port = server_->port(); // a restart takes the same one
    return {};
  }

  std::uint16_t port() const { return options_.port; }

  caf::actor start(caf::actor_system& system, front_actor front) {
    if (thread_.joinable()) reset();
    front_ = std::move(front);
    unit_.emplace(&system);
    auto handle = system.spawn<caf::actor_companion>();
    companion_ = static_cast<caf::actor_companion*>(caf::actor_cast<caf::abstract_actor*>(handle));
    self_ = handle;
    sink_ = caf::actor_cast<answer_sink_actor>(handle);
    companion_->become([this](answer_batch& batch) { on_answers(batch); });
    companion_->set_exit_handler([this](caf::exit_msg& message) { begin_stop(message.reason); });
    companion_->on_enqueue([this](caf::mailbox_element_ptr message) { enqueue(std::move(message)); });
    asio::post(context_, [this] {
      if (!server_) return end(caf::exit_reason::unhandled_exception);
      server_->start();
      sweep();
    });
    thread_ = std::thread{[this] { run(); }};
    return handle;
  }

  void join() {
    if (thread_.joinable()) thread_.join();
    // The handles must not outlive the actor system.
    companion_ = nullptr;
    front_ = nullptr;
    self_ = nullptr;
    sink_ = nullptr;
    inbox_.clear();
  }

  void on_request(http_request&& http, request_token token) override {
    const auto now = clock::now();
    auto translated = api_.translate(std::move(http));
    if (auto* response = std::get_if<http_response>(&translated.outcome)) {
      metrics_.count(translated.family, response->status, clock::now() - now);
      return server_->complete(token, std::move(*response));
    }
    auto& call = std::get<http_call>(translated.outcome);
    const auto timeout = call.timeout_ms;
    const auto id = remember({token, std::move(call.plan), translated.family, now,
                              now + std::chrono::milliseconds{timeout} + backstop, 0, true});
    // Whatever is parsed in this turn of the event loop goes out with it.
    if (batch_.requests.empty()) asio::post(context_, [this] { send_batch(); });
    batch_.requests.push_back({id, timeout, std::move(call.body)});
  }

private:
  /// A request on its way: its place in pending_ and the place's generation are its id.
  struct pending_request {
    request_token token;
    answer_plan plan;
    route_family family;
    clock::time_point since;
    clock::time_point deadline;
    std::uint32_t generation;
    bool open;
  };

  /// Makes ready for another start after the actor has ended.
  void reset() {
    join();
    context_.restart();
    work_.emplace(context_.get_executor());
    server_.reset();
    // What was open is gone with its connections; ids go on, so that late answers still match nothing.
    for (std::size_t place = 0; place < pending_.size(); ++place)
      if (std::exchange(pending_[place].open, false)) free_.push_back(static_cast<std::uint32_t>(place));
    batch_ = {};
    stopping_ = ended_ = actor_ended_ = false;
    if (auto listening = listen(); !listening)
      spdlog::critical("the HTTP gateway cannot start again: {}", listening.error().detail);
  }

  api_options with_metrics(api_options options) {
    options.metrics_text = [this] { return metrics_.text(server_->counters()); };
    return options;
  }

  void run() {
    pthread_setname_np(pthread_self(), "troupe-http");
    try {
      context_.run();
    } catch (const std::exception& failure) {
      spdlog::critical("the HTTP gateway failed: {}", failure.what());
      end(caf::exit_reason::unhandled_exception);
    }
  }

  /// Called by any thread that sends to the actor.
  void enqueue(caf::mailbox_element_ptr message) {
    bool first = false;
    {
      std::lock_guard lock{inbox_mutex_};
      first = inbox_.empty();
      inbox_.push_back(std::move(message));
    }
    if (first) asio::post(context_, [this] { drain_inbox(); });
  }

  void drain_inbox() {
    {
      std::lock_guard lock{inbox_mutex_};
      inbox_.swap(working_);
    }
    for (auto& message : working_) {
      if (ended_) break;
      // An exit message with reason kill ends the actor without asking its exit handler.
      if (companion_->activate(&*unit_, *message) == caf::scheduled_actor::activation_result::terminated) {
        actor_ended_ = true;
        end(caf::exit_reason::kill);
      }
    }
    working_.clear();
  }

  std::uint64_t remember(pending_request&& request) {
    if (free_.empty()) {
      free_.push_back(static_cast<std::uint32_t>(pending_.size()));
      pending_.emplace_back();
    }
    const auto place = free_.back();
    free_.pop_back();
    request.generation = pending_[place].generation + 1;
    pending_[place] = std::move(request);
    return std::uint64_t{pending_[place].generation} << 32 | place;
  }

  void send_batch() {
    if (batch_.requests.empty() || ended_) return;
    companion_->send(front_, std::exchange(batch_, {}), sink_);
  }

  void on_answers(answer_batch& batch) {
    for (auto& one : batch.answers) {
      const auto place = static_cast<std::size_t>(one.id & UINT32_MAX);
      if (place >= pending_.size()) continue;
      auto& request = pending_[place];
      // The backstop may have answered it already.
      if (!request.open || request.generation != one.id >> 32) continue;
      finish(place, render(request.plan, std::move(one.body)));
    }
  }

  /// Answers pile up when clients are slow to take them: a read is refused then, before it costs anything,
  /// and of a transaction, which was applied, what it read is left out.
  http_response render(const answer_plan& plan, decltype(answer::body)&& body) {
    if (auto* applied = std::get_if<command_result>(&body)) {
      if (!applied->results.empty() && !server_->can_hold(encoded_size(*applied))) {
        applied->results.clear();
        applied->truncated = true;
      }
    } else if (!server_->can_hold(bytes_read(body))) {
      return unavailable(problems::overloaded, "too many answers of this node wait to be taken", 1'000);
    }
    return api_.render(plan, std::move(body));
  }

  void finish(std::size_t place, http_response&& response) {
    auto& request = pending_[place];
    request.open = false;
    free_.push_back(static_cast<std::uint32_t>(place));
    metrics_.count(request.family, response.status, clock::now() - request.since);
    server_->complete(request.token, std::move(response));
  }

  void give_up(bool stopping, clock::time_point due) {
    for (std::size_t place = 0; place < pending_.size(); ++place)
      if (pending_[place].open && (stopping || pending_[place].deadline <= due))
        finish(place, http_api::render_lost(pending_[place].plan, stopping));
  }

  void sweep() {
    sweep_timer_.expires_after(sweep_interval);
    sweep_timer_.async_wait([this](boost::system::error_code ec) {
      if (ec) return;
      give_up(false, clock::now());
      sweep();
    });
  }

  void begin_stop(const caf::error&) {
    if (stopping_) return;
    stopping_ = true;
    server_->drain();
    // Not from within the handler of the exit message: the actor may end at once.
    poll_stop([this, deadline = clock::now() + stop_answers] { wait_for_answers(deadline); });
  }

  void wait_for_answers(clock::time_point deadline) {
    if (pending_.size() == free_.size() || clock::now() >= deadline) {
      give_up(true, {});
      return wait_for_writes(clock::now() + stop_writes);
    }
    poll_stop([this, deadline] { wait_for_answers(deadline); });
  }

  void wait_for_writes(clock::time_point deadline) {
    if (server_->idle() || clock::now() >= deadline) return end(caf::exit_reason::user_shutdown);
    poll_stop([this, deadline] { wait_for_writes(deadline); });
  }

  template <class Step>
  void poll_stop(Step step) {
    stop_timer_.expires_after(stop_poll);
    stop_timer_.async_wait([step](boost::system::error_code ec) {
      if (!ec) step();
    });
  }

  /// Ends the actor; its monitors are told. (CAF 0.17.6 declares actor_companion::disconnect and does not
  /// define it.)
  void leave(caf::exit_reason reason) {
    companion_->on_enqueue(nullptr);
    if (!std::exchange(actor_ended_, true)) companion_->cleanup(caf::make_error(reason), &*unit_);
  }

  void end(caf::exit_reason reason) {
    if (ended_) return;
    ended_ = true;
    if (server_) server_->close();
    sweep_timer_.cancel();
    stop_timer_.cancel();
    leave(reason);
    work_.reset();
    context_.stop();
  }

  asio::io_context context_{1};
  using work_guard = asio::executor_work_guard<asio::io_context::executor_type>;
  std::optional<work_guard> work_{context_.get_executor()}; ///< until the end of the actor
  http_gateway_options options_;
  http_metrics metrics_;
  http_api api_;
  std::unique_ptr<http_server> server_;
  asio::steady_timer sweep_timer_;
  asio::steady_timer stop_timer_;

  front_actor front_;
  std::optional<caf::scoped_execution_unit> unit_;
  caf::actor self_; ///< keeps companion_ alive
  caf::actor_companion* companion_ = nullptr;
  answer_sink_actor sink_;
  std::mutex inbox_mutex_;
  std::vector<caf::mailbox_element_ptr>
      inbox_; ///< bounded by what is in flight: only answers and exits come here
  std::vector<caf::mailbox_element_ptr> working_;

  request_batch batch_;
  std::vector<pending_request> pending_; ///< at most server_limits::in_flight_max places
  std::vector<std::uint32_t> free_;
  bool stopping_ = false;
  bool ended_ = false;
  bool actor_ended_ = false;
  std::thread thread_;
};

result<std::unique_ptr<http_gateway>> http_gateway::bind(http_gateway_options options,
                                                         std::shared_ptr<prometheus::Registry> registry) {
  auto implementation = std::make_unique<impl>(std::move(options), std::move(registry));
  if (auto listening = implementation->listen(); !listening) return listening.error();
  return std::unique_ptr<http_gateway>{new http_gateway{std::move(implementation)}};
}

http_gateway::http_gateway(std::unique_ptr<impl> implementation) : impl_(std::move(implementation)) {}
http_gateway::~http_gateway() = default;
std::uint16_t http_gateway::port() const {
  return impl_->port();
}
caf::actor http_gateway::start(caf::actor_system& system, front_actor front) {
  return impl_->start(system, std::move(front));
}
void http_gateway::join() {
  impl_->join();
}

} // namespace troupe::net
