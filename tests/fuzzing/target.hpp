#pragma once

// What a fuzz target is. The same functions run under libFuzzer (libfuzzer_main.cpp) and, over the kept
// inputs, in every ordinary build (replay.cpp).

#include <cstddef>
#include <span>
#include <string>
#include <string_view>

namespace troupe::fuzzing {

struct target {
  std::string_view name; ///< of its folder under tests/fuzzing/corpus, and of its program under libFuzzer
  /// One input. Returns whatever the bytes are; aborts when a promise of the code is broken.
  void (*run)(std::string_view input);
  /// Makes checksums and the like hold again after a mutation, so that the fuzzer gets behind them; null:
  /// there is nothing of the kind in the input. May change the size.
  void (*repair)(std::string& input) = nullptr;
};

/// The targets of this build; those of folders that need more than the pure ones may be left out of it.
std::span<const target> targets();
/// The names of all, whether they are in this build or not.
std::span<const std::string_view> all_names();

// One file each.
extern const target apply;
extern const target cluster_file;
extern const target commands;
extern const target embedder_answer;
extern const target formation;
extern const target http_answer;
extern const target http_request;
extern const target http_text;
extern const target log_files;
extern const target model_file;
extern const target node_file;
extern const target peer_messages;
extern const target raft_core;
extern const target search_query;
extern const target search_value;
extern const target snapshot_chunks;
extern const target snapshot_file;
extern const target start_line;
extern const target vector_files;

/// Aborts with the reason when a promise is broken.
void require(bool holds, const char* promise);
/// Aborts with the error when there is one.
template <class Result>
void require_success(const Result& done, const char* promise) {
  if (!done) require(false, (std::string(promise) + ": " + done.error().detail).c_str());
}

/// Memory that operator new hands out while this lives. The destructor requires that it was never more than
/// what an input of this size pays for.
class memory_bound {
public:
  /// The dearest values: an element that takes few bytes in the input and a few hundred in memory, in a
  /// vector that has just doubled.
  static constexpr std::size_t bytes_per_input_byte = 256;

  explicit memory_bound(std::size_t input_bytes, std::size_t base = std::size_t{256} << 10);
  ~memory_bound();
  memory_bound(const memory_bound&) = delete;
  memory_bound& operator=(const memory_bound&) = delete;

private:
  std::size_t bound_;
};

} // namespace troupe::fuzzing
