// Measures the text index beside SQLite's FTS5 in one run, on short and on long texts. Prints one JSON object
// a line:
//   {"data":…,"system":"troupe"|"fts5","what":"index","documents":…,"changes":…,"seconds":…,"cpu_seconds":…,
//    "changes_per_second":…}
//   {"data":…,"system":…,"what":"query","kind":…,"queries":…,"p50_us":…,"p99_us":…,"rows":…}
//   {"data":…,"system":"troupe","what":"memory","text_bytes":…,"index_bytes":…,"ratio":…}
// Indexing is every document in batches, then a fifth of them replaced in batches of the same
// size (1,000 glosses, 100 pages): FTS5 commits each, the index reclaims after each. A query is from its text
// to its ten best documents; troupe also counts all that match.

#include "bench/search_lib/corpus.hpp"
#include "bench/search_lib/fts5.hpp"
#include "search/query_parser.hpp"
#include "search/text_index.hpp"

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

namespace troupe::bench {
namespace {

struct options {
  std::string wordnet = "/usr/share/wordnet";
  std::string man = "/usr/share/man";
  std::string folder = ".";
  std::string only; ///< a system; empty: both
  std::size_t glosses = 200'000;
  std::size_t pages = 4'000;
  std::size_t queries = 1'000;
  std::size_t glosses_batch = 1'000;
  std::size_t pages_batch = 100; ///< about half a megabyte of text
};

using clock = std::chrono::steady_clock;

double seconds_since(clock::time_point start) {
  return std::chrono::duration<double>(clock::now() - start).count();
}

/// A document and the text it gets.
struct change {
  std::uint32_t doc;
  const std::string* text;
};

std::vector<change> changes_of(const std::vector<std::string>& texts) {
  std::vector<change> changes;
  for (std::uint32_t d = 0; d < texts.size(); ++d)
    changes.push_back({d, &texts[d]});
  dice random(1);
  for (auto n = texts.size() / 5; n > 0; --n)
    changes.push_back(
        {static_cast<std::uint32_t>(random.below(texts.size())), &texts[random.below(texts.size())]});
  return changes;
}

class troupe_index {
public:
  void put(const change& c) {
    index_.put(c.doc, search::extract({{}, *c.text, search::value_kind::text, {}}));
  }
  void end_batch() {
    while (index_.reclaim_some(100'000)) {
    }
  }
  std::size_t find(const question& q) {
    auto parsed = search::parse_query(q.ours, index_.words());
    auto* tree = std::get_if<search::query_node>(&parsed);
    if (tree == nullptr) return 0;
    search::text_ask ask;
    ask.query = tree;
    return index_.search(ask).hits.size();
  }
  std::uint64_t memory_bytes() const { return index_.memory_bytes(); }

private:
  search::text_index index_ = std::move(*search::text_index::make({}));
};

class fts5_index {
public:
  explicit fts5_index(const std::string& file) : table_(file) { table_.begin(); }
  void put(const change& c) { table_.put(c.doc, *c.text); }
  void end_batch() {
    table_.commit();
    table_.begin();
  }
  std::size_t find(const question& q) { return table_.find(q.theirs); }

private:
  fts5 table_;
};

template <class Index>
void measure_indexing(const char* data, const char* system, Index& index, const std::vector<change>& changes,
                      std::size_t documents, std::size_t batch) {
  const auto start = clock::now();
  const auto cpu_start = std::clock();
  for (std::size_t i = 0; i < changes.size(); ++i) {
    index.put(changes[i]);
    if ((i + 1) % batch == 0) index.end_batch();
  }
  index.end_batch();
  const auto seconds = seconds_since(start);
  const auto cpu_seconds = static_cast<double>(std::clock() - cpu_start) / CLOCKS_PER_SEC;
  std::printf(R"({"data":"%s","system":"%s","what":"index","documents":%zu,"changes":%zu,)"
              R"("seconds":%.4f,"cpu_seconds":%.4f,)"
              R"("changes_per_second":%.0f})"
              "\n",
              data, system, documents, changes.size(), seconds, cpu_seconds,
              static_cast<double>(changes.size()) / seconds);
}

template <class Index>
void measure_queries(const char* data, const char* system, Index& index, const question_kind& kind) {
  std::vector<double> microseconds;
  std::size_t rows = 0;
  for (auto& q : kind.questions) {
    const auto start = clock::now();
    rows += index.find(q);
    microseconds.push_back(seconds_since(start) * 1e6);
  }
  if (microseconds.empty()) return;
  std::sort(microseconds.begin(), microseconds.end());
  auto share = [&](double part) {
    return microseconds[static_cast<std::size_t>(part * static_cast<double>(microseconds.size() - 1))];
  };
  std::printf(R"({"data":"%s","system":"%s","what":"query","kind":"%s","queries":%zu,"p50_us":%.1f,)"
              R"("p99_us":%.1f,"rows":%zu})"
              "\n",
              data, system, kind.name.c_str(), microseconds.size(), share(0.5), share(0.99), rows);
}

void measure(const char* data, const std::vector<std::string>& texts, std::size_t batch,
             const options& given) {
  if (texts.empty()) {
    std::fprintf(stderr, "text_bench: no texts for %s\n", data);
    std::exit(1);
  }
  const auto changes = changes_of(texts);
  std::vector<const std::string*> final_texts(texts.size());
  for (auto& c : changes)
    final_texts[c.doc] = c.text;
  std::uint64_t text_bytes = 0;
  for (auto* t : final_texts)
    text_bytes += t->size();

  const auto file = std::filesystem::path(given.folder) / "text_bench.db";
  for (auto* suffix : {"", "-wal", "-shm"})
    std::filesystem::remove(file.string() + suffix);
  std::optional<troupe_index> ours;
  std::optional<fts5_index> theirs;
  if (given.only != "fts5") {
    measure_indexing(data, "troupe", ours.emplace(), changes, texts.size(), batch);
    const auto index_bytes = ours->memory_bytes();
    std::printf(
        R"({"data":"%s","system":"troupe","what":"memory","text_bytes":%llu,"index_bytes":%llu,"ratio":%.3f})"
        "\n",
        data, static_cast<unsigned long long>(text_bytes), static_cast<unsigned long long>(index_bytes),
        static_cast<double>(index_bytes) / static_cast<double>(text_bytes));
  }
  if (given.only != "troupe")
    measure_indexing(data, "fts5", theirs.emplace(file.string()), changes, texts.size(), batch);
  for (auto& kind : questions_about(texts, given.queries, 7)) {
    if (ours) measure_queries(data, "troupe", *ours, kind);
    if (theirs) measure_queries(data, "fts5", *theirs, kind);
    std::fflush(stdout);
  }
}

[[noreturn]] void usage(int code) {
  std::fputs("usage: text_bench [--quick] [--folder DIR] [--wordnet DIR] [--man DIR] [--only troupe|fts5]\n"
             "                  [--glosses N] [--pages N] [--queries N]\n"
             "  --quick    fewer documents and queries\n"
             "  --folder   where FTS5's file goes (default: here)\n"
             "  --wordnet  folder of WordNet's data files (default: /usr/share/wordnet)\n"
             "  --man      folder of the manual pages (default: /usr/share/man)\n"
             "  --only     measure one system\n"
             "  --glosses, --pages, --queries  at most so many; 0 leaves a kind out\n",
             code == 0 ? stdout : stderr);
  std::exit(code);
}

options read_options(int argc, char** argv) {
  options given;
  for (int i = 1; i < argc; ++i) {
    const std::string option = argv[i];
    auto value = [&]() -> std::string { return ++i < argc ? argv[i] : (usage(2), ""); };
    if (option == "--quick") {
      given.glosses = 20'000;
      given.pages = 400;
      given.queries = 200;
    } else if (option == "--folder") {
      given.folder = value();
    } else if (option == "--only") {
      given.only = value();
      if (given.only != "troupe" && given.only != "fts5") usage(2);
    } else if (option == "--glosses") {
      given.glosses = std::strtoull(value().c_str(), nullptr, 10);
    } else if (option == "--pages") {
      given.pages = std::strtoull(value().c_str(), nullptr, 10);
    } else if (option == "--queries") {
      given.queries = std::strtoull(value().c_str(), nullptr, 10);
    } else if (option == "--wordnet") {
      given.wordnet = value();
    } else if (option == "--man") {
      given.man = value();
    } else {
      usage(option == "--help" ? 0 : 2);
    }
  }
  return given;
}

} // namespace
} // namespace troupe::bench

int main(int argc, char** argv) {
  using namespace troupe::bench;
  const auto given = read_options(argc, argv);
  if (given.glosses > 0)
    measure("wordnet", wordnet_glosses(given.wordnet, given.glosses), given.glosses_batch, given);
  if (given.pages > 0) measure("manpages", manual_pages(given.man, given.pages), given.pages_batch, given);
}
