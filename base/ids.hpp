#pragma once

// Strong identifiers: a term is not a log index is not a revision, and the compiler knows it.

#include <compare>
#include <cstdint>
#include <string>
#include <string_view>

namespace troupe {

/// A 64-bit number with a meaning. Arithmetic is limited to what counters need, so that mixing two kinds does
/// not compile.
template <class Tag>
struct strong_u64 {
  std::uint64_t value = 0;

  constexpr strong_u64() = default;
  constexpr explicit strong_u64(std::uint64_t v) : value(v) {}

  friend constexpr auto operator<=>(strong_u64, strong_u64) = default;
  constexpr strong_u64& operator++() {
    ++value;
    return *this;
  }
  friend constexpr strong_u64 operator+(strong_u64 a, std::uint64_t n) { return strong_u64{a.value + n}; }
  /// Precondition: n <= a.value.
  friend constexpr strong_u64 operator-(strong_u64 a, std::uint64_t n) { return strong_u64{a.value - n}; }
  /// The distance between two ids of one kind. Precondition: b <= a.
  friend constexpr std::uint64_t operator-(strong_u64 a, strong_u64 b) { return a.value - b.value; }
  constexpr explicit operator bool() const { return value != 0; }
};

/// Raft's term (§5.1 of the paper). 0 means "none yet".
using term_t = strong_u64<struct term_tag>;
/// Position in the replicated log; the first entry has index 1, 0 means "before the log".
using index_t = strong_u64<struct index_tag>;
/// Position in the history of the key space; every applied write command gets the next one. Not a log index.
using revision_t = strong_u64<struct revision_tag>;
/// One run of one process: chosen at random at start, never reused, never persisted.
using incarnation_t = strong_u64<struct incarnation_tag>;
/// A client session: the log index of the entry that registered it. 0 means "no session".
using session_id = strong_u64<struct session_tag>;
/// A client's number of a request within its session; starts at 1.
using sequence_t = strong_u64<struct sequence_tag>;

/// Name of a member as the cluster file writes it ("n1"), or the empty string for "nobody". At most 64 bytes.
struct node_id {
  static constexpr std::size_t bytes_max = 64;

  std::string name;

  node_id() = default;
  explicit node_id(std::string n) : name(std::move(n)) {}

  friend auto operator<=>(const node_id&, const node_id&) = default;
  explicit operator bool() const { return !name.empty(); }
};

/// 128 random bits with a meaning. All zero means "none".
template <class Tag>
struct strong_u128 {
  std::uint64_t high = 0;
  std::uint64_t low = 0;

  friend constexpr auto operator<=>(strong_u128, strong_u128) = default;
  constexpr explicit operator bool() const { return high != 0 || low != 0; }

  /// 32 lower-case hexadecimal digits.
  std::string to_string() const;
};

/// One cluster, from its formation on; chosen at random by the node that coordinates the formation.
using cluster_id = strong_u128<struct cluster_tag>;
/// One data folder; chosen at random when the folder is made. A member with another storage id has forgotten
/// its votes.
using storage_id = strong_u128<struct storage_tag>;

/// Writes 128 bits as 32 lower-case hexadecimal digits.
std::string hex128(std::uint64_t high, std::uint64_t low);
/// Reads what hex128 wrote. Returns false, and leaves the outputs alone, on anything else.
bool parse_hex128(std::string_view text, std::uint64_t& high, std::uint64_t& low);

template <class Tag>
std::string strong_u128<Tag>::to_string() const {
  return hex128(high, low);
}

} // namespace troupe
