#pragma once

// Limits that are part of the replicated state machine. Apply may depend on nothing but the log, so these are
// constants of the format and not configuration: two nodes with different values would diverge. Changing one
// is a new command version.

#include <cstddef>
#include <cstdint>

namespace troupe::limits {

/// Hard bounds of the formats. The cluster file may set smaller ones, which are checked before a command is
/// proposed.
inline constexpr std::size_t key_bytes_max = 64 * 1024;
inline constexpr std::size_t command_bytes_max = 16 * 1024 * 1024;
/// Compares, then-operations and else-operations of one transaction together.
inline constexpr std::size_t operations_max = 100'000;

/// A session that no command used for this long, by the leaders' clocks in the log, is forgotten.
inline constexpr std::int64_t session_idle_ms = 10 * 60 * 1000;
/// One more is refused with outcome::sessions_full.
inline constexpr std::size_t sessions_max = 10'000;
/// Remembered results of one session; a client may have at most this many sequence numbers outstanding.
inline constexpr std::size_t session_results_max = 1'024;
/// A result that encodes larger is remembered as its outcome and revision only.
inline constexpr std::size_t remembered_result_bytes_max = 4 * 1024;
/// What one put or delete answered fits: a retry must not hear that nothing was created or deleted because
/// memory was short.
inline constexpr std::size_t small_result_bytes = 32;
/// Bytes of remembered results of all sessions together; above it, new ones are remembered as outcome and
/// revision only, unless they encode to no more than small_result_bytes.
inline constexpr std::size_t session_results_bytes_max = 256 * 1024 * 1024;
/// Gets of one transaction may answer this many bytes of keys and values. A transaction that gets more is
/// applied all the same, and answered without results (command_result::truncated).
inline constexpr std::size_t result_bytes_max = 16 * 1024 * 1024;

/// Of each process, so many of its newest proposals are told apart; what is proposed again later than that is
/// refused. A multiple of 64.
inline constexpr std::uint64_t origin_window = std::uint64_t{1} << 19;
/// Processes that proposed within session_idle_ms; proposals of one more are refused.
inline constexpr std::size_t origins_max = 512;

/// How long an idempotency key is remembered. Retries later than this are new requests, so clients must not
/// retry longer.
inline constexpr std::int64_t idempotency_window_ms = 10 * 60 * 1000;
/// Keys remembered at once. When full, new keys are refused (outcome::idempotency_full), never old ones
/// forgotten early.
inline constexpr std::size_t idempotency_keys_max = 1'000'000;
inline constexpr std::size_t idempotency_key_bytes_max = 255;
/// Bytes of remembered results of all keys together; above it, new ones are remembered as outcome and
/// revision only, unless they encode to no more than small_result_bytes.
inline constexpr std::size_t idempotency_results_bytes_max = 256 * 1024 * 1024;

/// Floats of one vector.
inline constexpr std::uint32_t vector_dimension_max = 4'096;
inline constexpr std::size_t model_name_bytes_max = 128;
/// Vectors of one value.
inline constexpr std::uint32_t passages_max = 64;
/// Of annotate_operation::vectors: that many passages of the largest dimension.
inline constexpr std::size_t vectors_bytes_max =
    4 + passages_max * (8 + 4 * std::size_t{vector_dimension_max});

/// Of one search: hits of one page, and how far offset or a cursor may go.
inline constexpr std::uint32_t search_limit_max = 1'000;
inline constexpr std::uint32_t search_results_max = 10'000;
inline constexpr std::size_t search_query_bytes_max = 8 * 1024;
inline constexpr std::size_t search_fields_max = 64;
inline constexpr std::size_t search_facets_max = 16;
inline constexpr std::uint32_t facet_values_max = 1'000;
/// Keys, values and snippets in one answer; a page that would hold more ends early and says so by its cursor.
inline constexpr std::size_t search_answer_bytes_max = 8 * 1024 * 1024;

} // namespace troupe::limits
