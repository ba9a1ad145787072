#pragma once

// Text index, vector index and the documents behind them as one: what a node's indexer holds. It follows the
// key space in order and answers searches; it knows no revisions but those it is told.

#include "base/blob.hpp"
#include "base/file.hpp"
#include "search/document.hpp"
#include "search/embedder.hpp"
#include "search/highlighter.hpp"
#include "search/query.hpp"
#include "search/text_index.hpp"
#include "search/vector_index.hpp"

#include <optional>
#include <span>
#include <variant>

namespace troupe::search {

/// Which values are indexed; the rest is not found and costs nothing.
struct index_scope {
  std::vector<std::string> prefixes;         ///< keys that begin with one of these; empty: all
  std::size_t value_bytes_max = 1024 * 1024; ///< longer values are not indexed
  bool text_values = true;
  bool json_values = true;

  bool covers(std::string_view key, value_kind kind, std::size_t bytes) const;
};

struct engine_settings {
  index_scope scope;
  std::optional<text_settings> text = text_settings{}; ///< none: no text index
  std::optional<vector_settings> vectors;              ///< none: no vector index
};

enum class search_mode : std::uint8_t { text = 0, semantic = 1, hybrid = 2 };

struct facet_ask {
  std::string field;
  std::uint32_t limit = 10;
};

struct engine_ask {
  search_mode mode = search_mode::text;
  std::string query;         ///< text and hybrid; may be empty in semantic mode
  std::vector<float> vector; ///< semantic and hybrid: what to be near to
  std::string filter;
  std::string prefix;              ///< of keys
  std::vector<std::string> fields; ///< see text_ask
  std::vector<facet_ask> facets;
  std::uint32_t limit = 10;
  std::uint32_t offset = 0;
  double text_weight = 1;
  double vector_weight = 1;
  bool explain = false;
  bool values = true;
  bool highlights = true;
};

struct hit_explanation {
  std::vector<score_part> text; ///< empty: no text part
  double text_score = 0;
  std::uint32_t text_rank = 0; ///< from 1; 0: not among the text hits
  double vector_score = 0;
  std::uint32_t vector_rank = 0; ///< from 1; 0: not among the vector hits
  std::uint32_t passage = 0;
};

struct engine_hit {
  std::string key;
  revision_t mod_revision;
  value_kind kind = value_kind::bytes;
  blob value; ///< empty when not asked for
  double score = 0;
  std::vector<snippet> highlights;
  std::optional<hit_explanation> explanation;
};

struct facet_answer {
  std::string field;
  std::vector<facet_count> counts;
};

struct engine_answer {
  std::vector<engine_hit> hits;
  /// Text: documents that match; semantic: those with a vector that pass the filters; hybrid: those that pass
  /// the filters and match or have a vector.
  std::uint64_t total = 0;
  std::vector<facet_answer> facets;
};

/// What is wrong with an ask, and in which part of it: "q", "filter", "vector", "mode" (this engine lacks an
/// index that the mode needs), "limit", "offset", "weights" or "facets".
struct ask_problem {
  std::string part;
  query_problem what;
};

/// Texts in which one answer marks words; hits behind that have no highlights.
inline constexpr std::size_t highlight_bytes_max = 4 * 1024 * 1024;
/// limit + offset of one ask.
inline constexpr std::uint32_t results_max = 10'000;
inline constexpr std::size_t ask_facets_max = 16;
/// Counts of one facet.
inline constexpr std::uint32_t facet_counts_max = 1'000;
/// Reciprocal rank fusion's constant (Cormack, Clarke and Büttcher, SIGIR 2009): score = sum of weight / (60
/// + rank).
inline constexpr double fusion_constant = 60;
/// So many of each side are fused, at least limit + offset. Hybrid hits beyond that are counted and not
/// shown.
inline constexpr std::uint32_t fusion_depth = 1'000;

/// Not thread-safe; const member functions may run at once on several threads except for `analyzer` state:
/// callers use one thread.
class engine {
public:
  /// errc::invalid_argument: settings of one of the indexes.
  static result<engine> make(engine_settings settings);
  engine(engine&&) noexcept;
  engine& operator=(engine&&) noexcept;
  ~engine();

  /// The newest value of a key; replaces what was there, and drops vectors of an older mod_revision. The blob
  /// is shared.
  void put(std::string_view key, blob value, value_kind kind, revision_t mod_revision);
  void erase(std::string_view key);
  /// The mod_revision of the value that is held; nothing when the key is not indexed.
  std::optional<revision_t> revision_of(std::string_view key) const;
  /// Vectors of the value with this mod_revision; ignored when the engine holds another revision of the key
  /// or none. errc::invalid_argument as vector_index::put; nothing is changed then.
  result<void> annotate(std::string_view key, revision_t mod_revision, std::vector<passage> passages,
                        std::span<const float> vectors);
  /// Drops all vectors and starts over with other settings, or without a vector index. errc::invalid_argument
  /// as check(); nothing is changed then.
  result<void> reset_vectors(std::optional<vector_settings> settings);

  /// Writes the graph with the key and mod_revision of each document, so that the next start need not link it
  /// anew: aside, synced, renamed. errc::not_found without a vector index.
  result<void> save_vectors(file_system& disk, const std::string& path) const;
  /// Takes saved vectors in reserve: nobody finds them until annotate() brings equal ones for the same key
  /// and mod_revision, which then costs next to nothing. Call it before the first annotate(). Errors as
  /// vector_index::load; errc::invalid_argument without a vector index or when it holds vectors. Nothing is
  /// changed then.
  result<void> load_vectors(file_system& disk, const std::string& path);
  /// The indexer has caught up: what is still in reserve is of no use.
  void drop_unadopted();
  /// The newest mod_revision in what load_vectors() read; 0: nothing was.
  revision_t loaded_revision() const;

  /// A bounded bit of background work (merging, linking, rebuilding); returns whether there is more.
  bool tidy_some();
  /// Vectors that wait to be linked into the graph; until then each search compares them one by one.
  std::size_t unlinked() const;

  std::variant<engine_answer, ask_problem> search(const engine_ask& ask) const;

  /// Fills in the highlights of a hit that was found without them, by the value in it: marked words, for an
  /// ask with a query. Also when the engine holds another value by now. `to_highlight`: bytes of texts that
  /// may be looked at, of which it takes.
  void show(const engine_ask& ask, engine_hit& hit, std::size_t& to_highlight) const;

  struct sizes {
    std::uint64_t documents = 0;
    std::uint64_t terms = 0;
    std::uint64_t text_bytes = 0; ///< memory of the text index
    std::uint64_t vector_documents = 0;
    std::uint64_t vectors = 0;
    std::uint64_t vector_bytes = 0;
  };
  sizes size() const;

  /// Equal for engines that hold the same documents and the same (key, mod_revision, vectors): 32 hexadecimal
  /// digits. Takes time proportional to the content.
  std::string digest() const;

private:
  struct impl;
  explicit engine(std::unique_ptr<impl> parts);
  std::unique_ptr<impl> impl_;
};

} // namespace troupe::search
