// Recall at 10 and queries a second of the vector index beside bare hnswlib in a loop, with the same graph
// parameters on the same vectors. Prints one JSON object. Times are of this process's processor time, so that
// a busy machine does not disturb them; the two take turns. Usage: vectors_bench [--vectors FILE --dimension
// N] [--count N] [--queries N] [--breadth N] [--rounds N] FILE holds float32 vectors, one after the other;
// without it, clustered random ones of dimension 256. The last
// --queries of them are asked and not indexed.

#include "bare_hnswlib.hpp"
#include "search/vector_distance.hpp"
#include "search/vector_index.hpp"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <fstream>
#include <span>
#include <string>
#include <vector>

namespace {

using namespace troupe::search;

constexpr std::size_t k = 10;

struct options {
  std::string file;
  std::uint32_t dimension = 256;
  std::size_t count = 50'000; ///< vectors, queries among them
  std::size_t queries = 1'000;
  std::uint32_t breadth = vector_settings{}.search_breadth;
  int rounds = 5;
};

[[noreturn]] void fail(const std::string& why) {
  std::fprintf(stderr, "vectors_bench: %s\n", why.c_str());
  std::exit(1);
}

options read_options(int count, char** arguments) {
  options o;
  for (int at = 1; at < count; at += 2) {
    std::string name = arguments[at];
    if (at + 1 == count) fail(name + " needs a value");
    auto number = std::strtoull(arguments[at + 1], nullptr, 10);
    if (name == "--vectors") {
      o.file = arguments[at + 1];
      continue;
    }
    if (number == 0) fail(name + " needs a number above 0");
    if (name == "--dimension")
      o.dimension = static_cast<std::uint32_t>(number);
    else if (name == "--count")
      o.count = number;
    else if (name == "--queries")
      o.queries = number;
    else if (name == "--breadth")
      o.breadth = static_cast<std::uint32_t>(number);
    else if (name == "--rounds")
      o.rounds = static_cast<int>(number);
    else
      fail("no such option: " + name);
  }
  return o;
}

/// Small and the same everywhere (SplitMix64).
float random_float(std::uint64_t& state) {
  auto z = state += 0x9e3779b97f4a7c15;
  z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9;
  z = (z ^ z >> 27) * 0x94d049bb133111eb;
  return static_cast<float>(static_cast<double>((z ^ z >> 31) >> 11) / 4503599627370496.0 - 1);
}

std::vector<float> random_vectors(const options& o) {
  constexpr std::size_t centres = 500;
  std::uint64_t state = 1;
  std::vector<float> around(centres * o.dimension);
  for (auto& x : around)
    x = random_float(state);
  std::vector<float> all(o.count * o.dimension);
  for (std::size_t i = 0; i < o.count; ++i)
    for (std::size_t j = 0; j < o.dimension; ++j)
      all[i * o.dimension + j] = around[i * 7919 % centres * o.dimension + j] + random_float(state);
  return all;
}

std::vector<float> file_vectors(options& o) {
  std::ifstream in{o.file, std::ios::binary | std::ios::ate};
  if (!in) fail("cannot read " + o.file);
  o.count = std::min(o.count, static_cast<std::size_t>(in.tellg()) / sizeof(float) / o.dimension);
  std::vector<float> all(o.count * o.dimension);
  in.seekg(0);
  in.read(reinterpret_cast<char*>(all.data()), static_cast<std::streamsize>(all.size() * sizeof(float)));
  return all;
}

void normalise(std::vector<float>& all, std::size_t dimension) {
  for (std::size_t at = 0; at < all.size(); at += dimension) {
    double sum = 0;
    for (std::size_t j = 0; j < dimension; ++j)
      sum += static_cast<double>(all[at + j]) * all[at + j];
    for (std::size_t j = 0; j < dimension; ++j)
      all[at + j] = static_cast<float>(all[at + j] / std::sqrt(sum));
  }
}

double seconds_since(std::clock_t start) {
  return static_cast<double>(std::clock() - start) / CLOCKS_PER_SEC;
}

struct outcome {
  double build_seconds = 0;
  double recall = 0;
  double queries_a_second = 0; ///< the middle one of the rounds
};

/// Asks all queries; how many of the true answers came is added to `right`.
template <class Ask>
double round_of(std::size_t queries, const std::vector<std::vector<doc_id>>& truth, std::size_t& right,
                Ask ask) {
  std::vector<std::vector<doc_id>> answers(queries);
  auto start = std::clock();
  for (std::size_t i = 0; i < queries; ++i)
    ask(i, answers[i]);
  auto took = seconds_since(start);
  right = 0;
  for (std::size_t i = 0; i < queries; ++i)
    for (auto d : answers[i])
      right += std::find(truth[i].begin(), truth[i].end(), d) != truth[i].end();
  return static_cast<double>(queries) / took;
}

double middle(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  return values[values.size() / 2];
}

void print(const char* name, const outcome& o) {
  std::printf("\"%s\": {\"build_s\": %.2f, \"recall_at_10\": %.4f, \"queries_per_s\": %.0f}, ", name,
              o.build_seconds, o.recall, o.queries_a_second);
}

} // namespace

int main(int argument_count, char** arguments) {
  auto o = read_options(argument_count, arguments);
  auto all = o.file.empty() ? random_vectors(o) : file_vectors(o);
  if (o.count <= o.queries + k) fail("too few vectors");
  normalise(all, o.dimension);
  auto indexed = o.count - o.queries;
  auto at = [&](std::size_t i) { return std::span<const float>{all.data() + i * o.dimension, o.dimension}; };

  vector_settings settings;
  settings.dimension = o.dimension;
  settings.search_breadth = o.breadth;
  vector_index index{settings};
  outcome ours, bare;
  auto start = std::clock();
  for (std::size_t i = 0; i < indexed; ++i)
    if (auto done = index.put(static_cast<doc_id>(i), at(i)); !done) fail(done.error().detail);
  while (index.link_some(1'000)) {
  }
  ours.build_seconds = seconds_since(start);
  start = std::clock();
  bare_hnswlib peer{o.dimension, indexed, settings.links, settings.build_breadth};
  for (std::size_t i = 0; i < indexed; ++i)
    peer.add(at(i).data(), i);
  bare.build_seconds = seconds_since(start);

  std::vector<std::vector<doc_id>> truth(o.queries);
  start = std::clock();
  for (std::size_t i = 0; i < o.queries; ++i)
    for (auto& hit : *index.search_exactly(at(indexed + i), k))
      truth[i].push_back(hit.doc);
  auto exact = static_cast<double>(o.queries) / seconds_since(start);

  std::vector<double> our_rounds, bare_rounds;
  std::size_t our_right = 0, bare_right = 0;
  std::vector<std::size_t> labels;
  for (int round = 0; round < o.rounds; ++round) {
    our_rounds.push_back(
        round_of(o.queries, truth, our_right, [&](std::size_t i, std::vector<doc_id>& answer) {
          for (auto& hit : *index.search(at(indexed + i), k))
            answer.push_back(hit.doc);
        }));
    bare_rounds.push_back(
        round_of(o.queries, truth, bare_right, [&](std::size_t i, std::vector<doc_id>& answer) {
          peer.search(at(indexed + i).data(), k, o.breadth, labels);
          answer.assign(labels.begin(), labels.end());
        }));
  }
  auto asked = static_cast<double>(o.queries * k);
  ours.recall = static_cast<double>(our_right) / asked;
  bare.recall = static_cast<double>(bare_right) / asked;
  ours.queries_a_second = middle(our_rounds);
  bare.queries_a_second = middle(bare_rounds);

  const char* levels[] = {"portable", "avx2", "avx512"};
  std::printf("{\"vectors\": %zu, \"dimension\": %u, \"links\": %u, \"build_breadth\": %u, \"breadth\": %u, "
              "\"instructions\": \"%s\", \"memory_bytes\": %llu, ",
              indexed, o.dimension, settings.links, settings.build_breadth, o.breadth,
              levels[static_cast<int>(widest_simd())], static_cast<unsigned long long>(index.memory_bytes()));
  print("troupe", ours);
  print("hnswlib", bare);
  std::printf("\"exact_queries_per_s\": %.0f, \"ratio\": %.3f}\n", exact,
              ours.queries_a_second / bare.queries_a_second);
}
