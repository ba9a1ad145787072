#pragma once

// What a node can be told before it starts, as plain values with their defaults. Ranges and the names in the
// file are in config/schema.cpp; every key is explained in docs/configuration.md. Times are milliseconds,
// sizes bytes.

#include "base/ids.hpp"
#include "config/address.hpp"

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace troupe::config {

using std::chrono::milliseconds;

/// [raft]: the clock of the consensus core and what it may hold in memory. The other three times are whole
/// multiples of tick.
struct raft_settings {
  milliseconds tick{25};                       ///< how often the core is told that time passes
  milliseconds heartbeat{100};                 ///< a leader is silent to a follower for no longer than this
  milliseconds election_timeout_min{400};      ///< each follower waits a random time from here ...
  milliseconds election_timeout_max{800};      ///< ... to here without a leader before it stands
  bool read_lease = false;        ///< a leader answers reads by lease, without asking (docs/consistency.md)
  double read_lease_drift = 0.01; ///< no clock runs faster than another by more than this part
  std::uint64_t append_bytes = 1u << 20;       ///< of entries in one append message; one entry always fits
  std::uint64_t inflight_messages = 64;        ///< appends to one follower that wait for an answer
  std::uint64_t inflight_bytes = 16u << 20;    ///< the same in bytes; one message is always allowed
  std::uint64_t uncommitted_bytes = 64u << 20; ///< proposed and not committed; more is refused as overload
  std::uint64_t unapplied_bytes = 32u << 20;   ///< committed and handed to storage, not applied yet
  std::uint64_t tail_bytes = 64u << 20;        ///< newest entries kept in memory for followers
  std::uint64_t snapshot_chunk_bytes = 512u << 10; ///< of a snapshot in one message to a follower

  friend bool operator==(const raft_settings&, const raft_settings&) = default;
};

/// [storage]: the log, snapshots and history. There is no switch for syncing: what is acknowledged is synced.
struct storage_settings {
  std::uint64_t segment_bytes = 64u << 20;          ///< of one log file, preallocated
  std::uint64_t snapshot_log_bytes = 256u << 20;    ///< a snapshot is due when the log is this long ...
  std::uint64_t snapshot_log_entries = 1'000'000;   ///< ... or has this many entries
  std::uint64_t snapshot_keep_entries = 10'000;     ///< entries kept behind a snapshot, for slow followers
  milliseconds history_keep_time{5 * 60 * 1000};    ///< old revisions stay readable this long ...
  std::uint64_t history_keep_revisions = 1'000'000; ///< ... and no more of them than this
  std::uint64_t reserve_bytes = 64u << 20;          ///< of disk space held back for when there is none

  friend bool operator==(const storage_settings&, const storage_settings&) = default;
};

/// [limits]: what one gateway accepts. Bounds that every node has to share, such as those of sessions, are
/// constants of the command format and not here.
struct limit_settings {
  std::uint64_t key_bytes = 4u << 10;
  std::uint64_t value_bytes = 8u << 20;
  std::uint64_t command_bytes = 16u << 20;             ///< one encoded transaction
  std::uint64_t http_header_bytes = 16u << 10;         ///< request line and header fields; more is 431
  std::uint64_t http_body_bytes = 24u << 20;           ///< more is 413
  std::uint64_t connections = 4096;                    ///< HTTP connections open at once
  std::uint64_t requests_in_flight = 16'384;           ///< in one gateway; more is 503
  std::uint64_t requests_in_flight_bytes = 256u << 20; ///< their bodies and answers in memory; more is 503
  std::uint64_t pipelined_requests = 64;               ///< of one connection, unanswered
  milliseconds idle_timeout{60'000};    ///< a connection without a request is closed after this
  milliseconds header_timeout{10'000};  ///< from a request's first byte to the end of its header
  milliseconds body_timeout{60'000};    ///< from there to the end of its body
  milliseconds request_timeout{5'000};  ///< until a parsed request is answered 503 or 504
  std::uint64_t range_items = 1000;     ///< in one page of a range
  std::uint64_t range_bytes = 4u << 20; ///< in one page of a range; one item always fits
  /// Logical bytes of keys, values and vectors, all versions; above it, writes that grow are refused.
  std::uint64_t memory_quota_bytes = std::uint64_t{8} << 30;

  friend bool operator==(const limit_settings&, const limit_settings&) = default;
};

/// [search]: which values this node's indexes hold, and how. Each node has its own indexes, so nodes may
/// differ.
struct search_settings {
  bool text = true;                       ///< keep the inverted index
  bool vectors = true;                    ///< keep the vector index, when [embedding] makes or takes vectors
  std::vector<std::string> prefixes;      ///< of the keys that are indexed; empty: all keys
  std::uint64_t value_bytes = 1u << 20;   ///< longer values are not indexed
  bool text_values = true;                ///< index values of media type text
  bool json_values = true;                ///< index the strings in JSON values, and their fields for filters
  std::string language = "english";       ///< whose word endings are cut (a Snowball stemmer), or "none"
  bool stop_words = false;                ///< leave the commonest words out; English only
  double k1 = 1.2;                        ///< BM25: how soon more of a word stops counting
  double b = 0.75;                        ///< BM25: how much long values are held back
  std::uint64_t hnsw_links = 16;          ///< of a vector in the graph: M of the paper
  std::uint64_t hnsw_build_breadth = 200; ///< efConstruction
  std::uint64_t hnsw_search_breadth = 64; ///< ef

  friend bool operator==(const search_settings&, const search_settings&) = default;
};

/// Where vectors come from. The numbers are those of command's vector_maker.
enum class embedding_maker : std::uint8_t { none = 0, builtin = 1, client = 2, http = 3 };
/// How two vectors are compared. The numbers are those of command's vector_metric.
enum class embedding_metric : std::uint8_t { cosine = 0, inner_product = 1, l2 = 2 };

/// "none", "builtin", "client", "http"
std::string_view to_string(embedding_maker maker);
/// "cosine", "inner_product", "l2"
std::string_view to_string(embedding_metric metric);

/// [embedding]: the cluster's model. All nodes have to agree; what is replicated decides when they do not.
struct embedding_settings {
  static constexpr std::uint64_t dimension_max = 4'096;
  static constexpr std::size_t name_bytes_max = 128;

  embedding_maker maker = embedding_maker::none;
  std::string model_file;      ///< builtin; relative to the working directory of the process, as data_dir is
  std::string name;            ///< client and http: of the model, with its version
  std::uint64_t dimension = 0; ///< client and http: floats in a vector; 0: not given
  embedding_metric metric = embedding_metric::cosine; ///< client and http
  std::string url;                                    ///< http: where texts are sent to, as a whole
  std::string api_key_file;                           ///< http: holds the bearer token; empty: none is sent
  milliseconds timeout{10'000};                       ///< http: of one attempt
  std::uint64_t retries = 3;                          ///< http: attempts after the first one
  bool replace = false; ///< also drop vectors that nobody can make again, or all of them for maker none

  friend bool operator==(const embedding_settings&, const embedding_settings&) = default;
};

enum class log_level { trace, debug, info, warn, error };

/// "trace", "debug", "info", "warn", "error"
std::string_view to_string(log_level level);

/// [log]: what the process says about itself.
struct log_settings {
  log_level level = log_level::info;
  std::string file; ///< empty: standard error

  friend bool operator==(const log_settings&, const log_settings&) = default;
};

/// [tls]: PEM files for the peer port. All three or none. In a node_config, "{node}" in a path is already
/// replaced by the node's id.
struct tls_settings {
  std::string certificate;
  std::string key;
  std::string ca; ///< the cluster's own; whoever holds a certificate of it is trusted

  friend bool operator==(const tls_settings&, const tls_settings&) = default;
};

/// What all nodes of a cluster share.
struct settings {
  raft_settings raft;
  storage_settings storage;
  limit_settings limits;
  search_settings search;
  embedding_settings embedding;
  log_settings log;
  std::optional<tls_settings> tls; ///< absent: no encryption, and all peer addresses are loopback

  friend bool operator==(const settings&, const settings&) = default;
};

/// One [[node]] of the cluster file.
struct node_entry {
  node_id id;
  address peer;         ///< consensus and CAF clients
  address http;         ///< may be a wildcard host
  std::string data_dir; ///< relative to the working directory of the process

  friend bool operator==(const node_entry&, const node_entry&) = default;
};

/// A whole cluster file, checked. `nodes` may be empty: then the file only carries settings.
struct cluster_config : settings {
  static constexpr std::size_t nodes_max = 15;

  std::string name = "troupe";
  std::vector<node_entry> nodes; ///< in the order of the file
};

/// A node of the cluster as another one knows it before they have met.
struct member {
  std::optional<node_id> id; ///< unknown until the cluster forms when only addresses were given
  address peer;
  address http;

  friend bool operator==(const member&, const member&) = default;
};

/// Everything one node needs to start.
struct node_config : settings {
  std::string cluster_name = "troupe";
  node_id id;
  address peer;         ///< where this node listens for nodes and CAF clients, and what the others call it
  address http;         ///< where it listens for HTTP; may be a wildcard host
  std::string data_dir; ///< relative to the working directory of the process
  bool join = false;    ///< with an empty folder, wait to be added to a cluster instead of forming one
  /// All nodes including this one, sorted by peer address, so that every node of a cluster holds the same
  /// list.
  std::vector<member> members;
  std::string source;               ///< the cluster file's name, empty without one
  std::vector<std::string> notices; ///< legal but worth a line in the log

  /// The peer addresses of `members`, in its order: what the nodes compare when the cluster forms.
  std::vector<address> peer_addresses() const;
  /// The members other than this node, in the same order.
  std::vector<member> others() const;
};

} // namespace troupe::config
