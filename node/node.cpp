#include "node/node.hpp"

#include "messages/type_ids.hpp"
#include "net/tcp.hpp"
#include "node/blueprint.hpp"

#include <caf/all.hpp>
#include <prometheus/registry.h>
#include <spdlog/sinks/basic_file_sink.h>
#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/spdlog.h>

#include <malloc.h>
#include <poll.h>
#include <signal.h>
#include <sys/eventfd.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cstdio>
#include <random>
#include <thread>

namespace troupe {

namespace {

/// After the actors have ended, what is left of the actor system gets this long; then the process leaves all
/// the same.
constexpr auto leave_within = std::chrono::milliseconds(700);

exit_code say(const cannot_start& c) {
  std::fprintf(stderr, "trouped: %s\n", c.why.c_str());
  return c.code;
}

void start_logging(const config::log_settings& log) {
  auto logger =
      log.file.empty() ? spdlog::stderr_logger_mt("trouped") : spdlog::basic_logger_mt("trouped", log.file);
  logger->set_pattern("%Y-%m-%dT%H:%M:%S.%eZ %l %v", spdlog::pattern_time_type::utc);
  logger->set_level(spdlog::level::from_str(std::string(config::to_string(log.level))));
  logger->flush_on(spdlog::level::info);
  spdlog::set_default_logger(std::move(logger));
}

std::mt19937_64 seeded() {
  std::random_device device;
  std::seed_seq seed{device(), device(), device(), device(), device(), device(), device(), device()};
  return std::mt19937_64{seed};
}

net::http_gateway_options options_of_gateway(const config::node_config& config) {
  auto& l = config.limits;
  net::http_gateway_options o;
  o.host = config.http.host;
  o.port = config.http.port;
  o.limits.header_bytes_max = l.http_header_bytes;
  o.limits.body_bytes_max = l.http_body_bytes;
  o.limits.pipeline_max = l.pipelined_requests;
  o.limits.in_flight_max = l.requests_in_flight;
  o.limits.memory_bytes_max = l.requests_in_flight_bytes;
  o.limits.idle_timeout = l.idle_timeout;
  o.limits.header_timeout = l.header_timeout;
  o.limits.body_timeout = l.body_timeout;
  o.api.bounds = bounds_of(config);
  o.api.timeout_ms = static_cast<std::uint32_t>(l.request_timeout.count());
  o.api.range_limit_max = static_cast<std::uint32_t>(l.range_items);
  o.api.range_limit_default = std::min(o.api.range_limit_default, o.api.range_limit_max);
  o.api.range_bytes_max = static_cast<std::uint32_t>(l.range_bytes);
  if (config.embedding.maker == config::embedding_maker::client)
    o.api.vector_dimension = static_cast<std::uint32_t>(config.embedding.dimension);
  o.api.vectors_by_direction = config.embedding.metric == config::embedding_metric::cosine;
  o.api.search_on = true;
  return o;
}

net::middleman_options options_of_middleman(const config::node_config& config) {
  net::middleman_options o;
  if (config.tls) o.tls = net::peer_tls{config.tls->certificate, config.tls->key, config.tls->ca};
  return o;
}

void configure(caf::actor_system_config& system, const net::middleman_options& middleman,
               const char* program) {
  // CAF would read an INI file from the working directory; troupe has its own configuration.
  std::string name{program};
  char* argv[] = {name.data(), nullptr};
  if (auto e = system.parse(1, argv, "/dev/null"))
    spdlog::warn("caf: {}", caf::actor_system_config::render(e));
  announce_network_messages(system);
  net::configure_middleman(system, middleman);
  // The work of a node is one chain from gateway to storage; the disk and HTTP have threads of their own. Few
  // threads mean few wake-ups, which are what a message costs most.
  auto threads = std::clamp<std::size_t>(std::thread::hardware_concurrency() / 2, 1, 4);
  system.set("scheduler.max-threads", threads);
  system.set("scheduler.policy", caf::atom("sharing"));
}

/// Blocks the signals for every thread that is started later; they are read from the descriptor instead.
int signals_as_descriptor() {
  sigset_t set;
  sigemptyset(&set);
  sigaddset(&set, SIGTERM);
  sigaddset(&set, SIGINT);
  ::pthread_sigmask(SIG_BLOCK, &set, nullptr);
  ::signal(SIGPIPE, SIG_IGN);
  return ::signalfd(-1, &set, SFD_CLOEXEC);
}

/// Descriptors that files, peers and the actor system need beside the connections of clients.
constexpr std::uint64_t reserved_descriptors = 256;

/// A connection is a descriptor, and the usual soft limit is far below what the cluster file allows. How many
/// connections may be served, so that enough descriptors stay for the log.
std::uint64_t connections_allowed(std::uint64_t wanted) {
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) != 0) return wanted;
  const auto all = std::min<rlim_t>(wanted + reserved_descriptors, limit.rlim_max);
  if (limit.rlim_cur < all) {
    limit.rlim_cur = all;
    if (::setrlimit(RLIMIT_NOFILE, &limit) != 0) ::getrlimit(RLIMIT_NOFILE, &limit);
  }
  if (limit.rlim_cur >= wanted + reserved_descriptors) return wanted;
  const auto rest =
      limit.rlim_cur > 2 * reserved_descriptors ? limit.rlim_cur - reserved_descriptors : limit.rlim_cur / 2;
  spdlog::warn("only {} open files are allowed: {} connections are served instead of {}", limit.rlim_cur,
               rest, wanted);
  return rest;
}

/// How the node ended, written once by the supervisor.
struct ending {
  int event = ::eventfd(0, EFD_CLOEXEC);
  exit_code code = exit_code::clean;
  std::string why;

  void announce(exit_code c, const std::string& reason) {
    code = c;
    why = reason;
    std::uint64_t one = 1;
    [[maybe_unused]] auto n = ::write(event, &one, sizeof one);
  }
};

/// Waits for a signal or for the end, whichever comes first; after a signal, for the end.
void wait_for_end(int signals, const ending& end, const supervisor_actor& supervisor) {
  pollfd fds[] = {{signals, POLLIN, 0}, {end.event, POLLIN, 0}};
  while (true) {
    if (::poll(fds, 2, -1) < 0) continue;
    if (fds[1].revents & POLLIN) return;
    if (!(fds[0].revents & POLLIN)) continue;
    signalfd_siginfo info;
    if (::read(signals, &info, sizeof info) == sizeof info) caf::anon_send(supervisor, stop_node{});
  }
}

} // namespace

exit_code run_node(const config::node_config& config, const char* program) {
  // Each thread with an arena of its own keeps freed values to itself; two are enough for the threads there
  // are.
  ::mallopt(M_ARENA_MAX, 2);
  int signals = signals_as_descriptor();
  start_logging(config.log);
  auto random = seeded();

  auto middleman = options_of_middleman(config);
  if (middleman.tls)
    if (auto usable = net::check_tls(*middleman.tls); !usable)
      return say({exit_code::refused, usable.error().detail});
  auto registry = std::make_shared<prometheus::Registry>();
  auto gateway_options = options_of_gateway(config);
  gateway_options.limits.connections_max = connections_allowed(config.limits.connections);
  auto gateway = net::http_gateway::bind(std::move(gateway_options), registry);
  if (!gateway) return say({exit_code::refused, gateway.error().detail});
  if (auto free = net::check_port_free(config.peer.host, config.peer.port); !free)
    return say({exit_code::refused, free.error().detail});
  open_data_options data_options;
  data_options.folder = config.data_dir;
  data_options.self = config.id;
  data_options.fresh_storage = {random(), random()};
  data_options.segment_bytes = config.storage.segment_bytes;
  data_options.tail_bytes = config.raft.tail_bytes;
  data_options.reserve_bytes = config.storage.reserve_bytes;
  auto search = prepare_search(config);
  if (auto* refused = std::get_if<cannot_start>(&search)) return say(*refused);
  auto data = open_data(real_file_system(), data_options);
  if (auto* refused = std::get_if<cannot_start>(&data)) return say(*refused);

  spdlog::info("trouped {}: node={} http={} peer={} data={}", TROUPE_VERSION, config.id.name,
               config.http.to_string(), config.peer.to_string(), config.data_dir);
  for (auto& notice : config.notices)
    spdlog::warn("config: {}", notice);
  auto& opened = std::get<opened_data>(data);
  if (!opened.notes.empty()) spdlog::warn("recovery: {}", opened.notes);
  for (auto& line : opened.recoveries)
    spdlog::warn("THIS FOLDER WAS REBUILT, acknowledged writes may be missing: {}", line);

  caf::actor_system_config system_config;
  configure(system_config, middleman, program);
  ending end;
  {
    caf::actor_system system{system_config};
    auto parts =
        std::make_shared<node_parts>(node_parts{.system = &system,
                                                .config = &config,
                                                .data = std::move(opened),
                                                .incarnation = incarnation_t{random() | 1},
                                                .fresh_cluster = {random(), random()},
                                                .random = random,
                                                .middleman = middleman,
                                                .gateway = std::move(*gateway),
                                                .metrics = std::make_shared<node_metrics>(*registry),
                                                .search = std::move(std::get<search_setup>(search)),
                                                .searches = std::make_shared<search_metrics>(*registry)});
    supervisor_options options;
    options.children = blueprint(parts);
    options.give_way = [parts](const supervisor_actor& supervisor) {
      caf::anon_send(parts->raft, give_way{supervisor});
    };
    options.ended = [&end](exit_code code, const std::string& why) { end.announce(code, why); };
    {
      auto handle = system.spawn(supervisor, std::move(options));
      wait_for_end(signals, end, handle);
    }
    parts->gateway->join();
    if (end.code != exit_code::clean) std::fprintf(stderr, "trouped: %s\n", end.why.c_str());
    spdlog::info("ended: code={}", static_cast<int>(end.code));
    spdlog::default_logger()->flush();
    // Everything acknowledged is on disk and every actor was told to end. What the actor system still waits
    // for (a socket of a silent peer, a thread inside a sync) may take longer than an operator should wait.
    auto deadline = std::chrono::steady_clock::now() + leave_within;
    parts.reset();
    while (system.registry().running() > 0 && std::chrono::steady_clock::now() < deadline)
      std::this_thread::sleep_for(std::chrono::milliseconds(2));
    std::fflush(nullptr);
    ::_exit(static_cast<int>(end.code));
  }
}

} // namespace troupe
