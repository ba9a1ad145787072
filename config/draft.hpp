#pragma once

// A configuration on its way: what has been read so far, where each thing came from, and what is wrong with
// it. Used inside config/ only.

#include "base/result.hpp"
#include "config/config.hpp"

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace troupe::config {

/// Where a value was written: "cluster.toml:12: raft.heartbeat" (with its line, for sorting) or "--port".
struct origin {
  std::string label;
  std::uint32_t line = 0; ///< 0: not in a file
};

/// Collects error lines; flags and variables come first, then the file's in the order of its lines.
class problem_list {
public:
  /// More than this are counted and not kept.
  static constexpr std::size_t shown_max = 50;

  void add(const origin& where, std::string_view what);
  /// Something is wrong at this very place.
  bool blames(const origin& where) const;
  bool empty() const { return problems_.empty(); }
  /// All of them, one a line. Precondition: not empty.
  error to_error() const;

private:
  struct problem {
    origin where;
    std::string what;
  };
  std::vector<problem> problems_;
  std::size_t dropped_ = 0;
};

/// One node as far as it is known. A field is absent when it was missing or wrong; a problem says so then.
struct draft_node {
  std::optional<node_id> id; ///< absent as well for a peer of which only the address is known
  std::optional<address> peer;
  std::optional<address> http;
  std::optional<std::string> data_dir; ///< absent as well for a peer of which only the address is known
  origin self;                         ///< of the node as a whole
  origin id_origin;
  origin peer_origin;
  origin http_origin;
  origin data_dir_origin;
};

struct draft {
  std::string file; ///< its name; empty without one
  std::string cluster_name = "troupe";
  settings shared;
  std::vector<draft_node> nodes;
  bool lists_nodes = false; ///< the file has a [[node]], right or wrong
  /// Where "raft.heartbeat" and the like were set. A key that is not here has its default.
  std::map<std::string, origin, std::less<>> set_at;
  problem_list problems;

  /// Where a setting stands, for a message: its place in the file, or its bare name.
  origin where(std::string_view key) const;
};

/// Reads the text of a cluster file into the draft. False when it is not TOML at all, with that as a problem.
bool read_toml(std::string_view text, std::string_view file, draft& into);

/// Holds everything in the draft against everything else.
void cross_check(draft& all);

/// 1 to 64 letters, digits, '.', '_', '-', the first one a letter or a digit: safe in a file name and a
/// certificate.
result<std::string> parse_name(std::string_view text);
/// A path that a file system can hold: not empty, at most 4096 bytes, no control characters.
result<std::string> parse_path(std::string_view text);
result<log_level> parse_log_level(std::string_view text);
/// A language whose word endings Snowball knows, or "none".
result<std::string> parse_language(std::string_view text);
result<embedding_maker> parse_maker(std::string_view text);
result<embedding_metric> parse_metric(std::string_view text);
/// 1 to embedding_settings::name_bytes_max printable bytes.
result<std::string> parse_model_name(std::string_view text);
/// "http://host:port/path" or https; no user name or fragment in it.
result<std::string> parse_endpoint(std::string_view text);
/// A key prefix: 1 to prefix_bytes_max bytes.
result<std::string> parse_prefix(std::string_view text);
inline constexpr std::size_t prefix_bytes_max = 64 * 1024;
inline constexpr std::size_t prefixes_max = 1'000;

} // namespace troupe::config
