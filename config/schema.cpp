#include "config/schema.hpp"

#include "config/units.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <type_traits>

namespace troupe::config {
namespace {

constexpr std::uint64_t KiB = 1ull << 10, MiB = 1ull << 20, GiB = 1ull << 30;
constexpr std::uint64_t second = 1000, minute = 60 * second, hour = 60 * minute, day = 24 * hour;
constexpr std::uint64_t million = 1'000'000, billion = 1000 * million;

template <auto Section, auto Member>
constexpr setting entry(std::string_view section, std::string_view key, std::uint64_t least,
                        std::uint64_t most) {
  using value = std::remove_cvref_t<decltype((settings{}.*Section).*Member)>;
  setting s{};
  s.section = section;
  s.key = key;
  s.kind = std::is_same_v<value, milliseconds> ? quantity::time
           : std::is_same_v<value, double>     ? quantity::fraction
           : std::is_same_v<value, bool>       ? quantity::flag
           : key.ends_with("_bytes")           ? quantity::size
                                               : quantity::count;
  s.least = least;
  s.most = most;
  if constexpr (std::is_same_v<value, milliseconds>) {
    s.get = [](const settings& all) { return static_cast<std::uint64_t>(((all.*Section).*Member).count()); };
    s.set = [](settings& all, std::uint64_t v) {
      (all.*Section).*Member = milliseconds{static_cast<std::int64_t>(v)};
    };
  } else if constexpr (std::is_same_v<value, double>) {
    s.get = [](const settings& all) {
      return static_cast<std::uint64_t>(std::llround(((all.*Section).*Member) * 1000));
    };
    s.set = [](settings& all, std::uint64_t v) { (all.*Section).*Member = static_cast<double>(v) / 1000; };
  } else {
    s.get = [](const settings& all) -> std::uint64_t { return (all.*Section).*Member; };
    s.set = [](settings& all, std::uint64_t v) { (all.*Section).*Member = static_cast<value>(v); };
  }
  return s;
}

template <auto Member>
constexpr setting raft(std::string_view key, std::uint64_t least, std::uint64_t most) {
  return entry<&settings::raft, Member>("raft", key, least, most);
}
template <auto Member>
constexpr setting storage(std::string_view key, std::uint64_t least, std::uint64_t most) {
  return entry<&settings::storage, Member>("storage", key, least, most);
}
template <auto Member>
constexpr setting limits(std::string_view key, std::uint64_t least, std::uint64_t most) {
  return entry<&settings::limits, Member>("limits", key, least, most);
}

template <auto Member>
constexpr setting search(std::string_view key, std::uint64_t least, std::uint64_t most) {
  return entry<&settings::search, Member>("search", key, least, most);
}
template <auto Member>
constexpr setting embedding(std::string_view key, std::uint64_t least, std::uint64_t most) {
  return entry<&settings::embedding, Member>("embedding", key, least, most);
}

using r = raft_settings;
using s = storage_settings;
using l = limit_settings;
using f = search_settings;
using e = embedding_settings;

constexpr std::array table{
    raft<&r::tick>("tick", 1, second),
    raft<&r::heartbeat>("heartbeat", 5, 10 * second),
    raft<&r::election_timeout_min>("election_timeout_min", 20, minute),
    raft<&r::election_timeout_max>("election_timeout_max", 21, 2 * minute),
    raft<&r::read_lease>("read_lease", 0, 1),
    raft<&r::read_lease_drift>("read_lease_drift", 1, 1000),
    raft<&r::append_bytes>("append_bytes", 4 * KiB, 64 * MiB),
    raft<&r::inflight_messages>("inflight_messages", 1, 65'536),
    raft<&r::inflight_bytes>("inflight_bytes", 64 * KiB, GiB),
    raft<&r::uncommitted_bytes>("uncommitted_bytes", 64 * KiB, 4 * GiB),
    raft<&r::unapplied_bytes>("unapplied_bytes", 64 * KiB, 4 * GiB),
    raft<&r::tail_bytes>("tail_bytes", 64 * KiB, 4 * GiB),
    raft<&r::snapshot_chunk_bytes>("snapshot_chunk_bytes", 4 * KiB, 16 * MiB),

    storage<&s::segment_bytes>("segment_bytes", 16 * KiB, 4 * GiB),
    storage<&s::snapshot_log_bytes>("snapshot_log_bytes", 64 * KiB, 1024 * GiB),
    storage<&s::snapshot_log_entries>("snapshot_log_entries", 10, billion),
    storage<&s::snapshot_keep_entries>("snapshot_keep_entries", 0, billion),
    storage<&s::history_keep_time>("history_keep_time", second, 365 * day),
    storage<&s::history_keep_revisions>("history_keep_revisions", 1, billion),
    storage<&s::reserve_bytes>("reserve_bytes", 128 * KiB, 1024 * GiB),

    limits<&l::key_bytes>("key_bytes", 1, 64 * KiB),
    limits<&l::value_bytes>("value_bytes", 1, 16 * MiB),
    limits<&l::command_bytes>("command_bytes", 4 * KiB, 16 * MiB),
    limits<&l::http_header_bytes>("http_header_bytes", KiB, MiB),
    limits<&l::http_body_bytes>("http_body_bytes", KiB, 64 * MiB),
    limits<&l::connections>("connections", 1, million),
    limits<&l::requests_in_flight>("requests_in_flight", 1, million),
    limits<&l::requests_in_flight_bytes>("requests_in_flight_bytes", 64 * KiB, 64 * GiB),
    limits<&l::pipelined_requests>("pipelined_requests", 1, 10'000),
    limits<&l::idle_timeout>("idle_timeout", 100, day),
    limits<&l::header_timeout>("header_timeout", 100, hour),
    limits<&l::body_timeout>("body_timeout", 100, hour),
    limits<&l::request_timeout>("request_timeout", 100, hour),
    limits<&l::range_items>("range_items", 1, 100'000),
    limits<&l::range_bytes>("range_bytes", 4 * KiB, 64 * MiB),
    limits<&l::memory_quota_bytes>("memory_quota_bytes", 64 * KiB, 16 * 1024 * GiB),

    search<&f::text>("text", 0, 1),
    search<&f::vectors>("vectors", 0, 1),
    search<&f::value_bytes>("value_bytes", 1, 16 * MiB),
    search<&f::text_values>("text_values", 0, 1),
    search<&f::json_values>("json_values", 0, 1),
    search<&f::stop_words>("stop_words", 0, 1),
    search<&f::k1>("k1", 0, 10'000),
    search<&f::b>("b", 0, 1'000),
    search<&f::hnsw_links>("hnsw_links", 4, 64),
    search<&f::hnsw_build_breadth>("hnsw_build_breadth", 16, 2'000),
    search<&f::hnsw_search_breadth>("hnsw_search_breadth", 10, 10'000),

    embedding<&e::dimension>("dimension", 1, embedding_settings::dimension_max),
    embedding<&e::timeout>("timeout", 100, 5 * minute),
    embedding<&e::retries>("retries", 0, 100),
    embedding<&e::replace>("replace", 0, 1),
};

constexpr std::array<std::string_view, 9> sections{"cluster", "node",      "raft", "storage", "limits",
                                                   "search",  "embedding", "log",  "tls"};
constexpr std::array<std::string_view, 1> cluster_keys{"name"};
constexpr std::array<std::string_view, 4> node_keys{"id", "peer", "http", "data_dir"};
constexpr std::array<std::string_view, 2> log_keys{"level", "file"};
constexpr std::array<std::string_view, 3> tls_keys{"certificate", "key", "ca"};

constexpr std::array<std::string_view, 2> search_words{"prefixes", "language"};
constexpr std::array<std::string_view, 6> embedding_words{"maker", "model_file", "name",
                                                          "url",   "metric",     "api_key_file"};

/// `words`, then the keys of the table's rows of one section.
template <std::size_t N, std::size_t Words = 0>
constexpr auto keys_in(std::string_view section, const std::array<std::string_view, Words>& words = {}) {
  std::array<std::string_view, N + Words> keys{};
  std::size_t n = 0;
  for (const auto word : words)
    keys.at(n++) = word;
  for (const auto& row : table)
    if (row.section == section) keys.at(n++) = row.key;
  return keys;
}
constexpr std::size_t count_in(std::string_view section) {
  return static_cast<std::size_t>(std::ranges::count(table, section, &setting::section));
}
constexpr auto raft_keys = keys_in<count_in("raft")>("raft");
constexpr auto storage_keys = keys_in<count_in("storage")>("storage");
constexpr auto limit_keys = keys_in<count_in("limits")>("limits");
constexpr auto search_keys = keys_in<count_in("search")>("search", search_words);
constexpr auto embedding_keys = keys_in<count_in("embedding")>("embedding", embedding_words);

std::string format_thousandths(std::uint64_t value) {
  auto text = std::to_string(value / 1000);
  if (value % 1000 == 0) return text;
  text += '.' + std::to_string(1000 + value % 1000).substr(1);
  return text.substr(0, text.find_last_not_of('0') + 1);
}

} // namespace

std::span<const setting> scalar_settings() {
  return table;
}

std::span<const std::string_view> section_names() {
  return sections;
}

std::span<const std::string_view> key_names(std::string_view section) {
  if (section == "cluster") return cluster_keys;
  if (section == "node") return node_keys;
  if (section == "raft") return raft_keys;
  if (section == "storage") return storage_keys;
  if (section == "limits") return limit_keys;
  if (section == "search") return search_keys;
  if (section == "embedding") return embedding_keys;
  if (section == "log") return log_keys;
  if (section == "tls") return tls_keys;
  return {};
}

std::string format_quantity(quantity kind, std::uint64_t value) {
  switch (kind) {
  case quantity::time: return format_duration(milliseconds{static_cast<std::int64_t>(value)});
  case quantity::size: return format_size(value);
  case quantity::count: return std::to_string(value);
  case quantity::fraction: return format_thousandths(value);
  case quantity::flag: return value > 1 ? std::to_string(value) : value == 1 ? "true" : "false";
  }
  return {};
}

} // namespace troupe::config
