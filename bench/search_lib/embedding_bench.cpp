// How long the built-in model takes for a sentence, by kernel, on one core. Prints one JSON object.
// Usage: embedding_bench MODEL SENTENCES [SECONDS]: SENTENCES has one a line; each kernel runs that long
// (default 3).

#include "search/use_model.hpp"

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <string>
#include <vector>

namespace {

using clock_type = std::chrono::steady_clock;

double milliseconds_since(clock_type::time_point start) {
  return std::chrono::duration<double, std::milli>(clock_type::now() - start).count();
}

struct timing {
  double mean = 0;
  double median = 0;
  double p99 = 0;
  std::size_t sentences = 0;
};

timing measure(troupe::search::use_model& model, const std::vector<std::string>& sentences, double seconds) {
  // The first round brings the weights into memory.
  for (const auto& sentence : sentences)
    if (!model.embed(sentence)) std::exit(1);
  std::vector<double> took;
  const auto start = clock_type::now();
  while (milliseconds_since(start) < 1000 * seconds)
    for (const auto& sentence : sentences) {
      const auto began = clock_type::now();
      if (!model.embed(sentence)) std::exit(1);
      took.push_back(milliseconds_since(began));
    }
  timing t;
  for (const double ms : took)
    t.mean += ms / static_cast<double>(took.size());
  std::sort(took.begin(), took.end());
  t.sentences = took.size();
  t.median = took[took.size() / 2];
  t.p99 = took[took.size() * 99 / 100];
  return t;
}

} // namespace

int main(int count, char** arguments) {
  if (count < 3) {
    std::fprintf(stderr, "usage: embedding_bench MODEL SENTENCES [SECONDS]\n");
    return 1;
  }
  std::vector<std::string> sentences;
  std::ifstream in{arguments[2]};
  for (std::string line; std::getline(in, line);)
    if (!line.empty()) sentences.push_back(line);
  if (sentences.empty()) {
    std::fprintf(stderr, "embedding_bench: no sentences in %s\n", arguments[2]);
    return 1;
  }
  const double seconds = count > 3 ? std::strtod(arguments[3], nullptr) : 3;
  const auto began = clock_type::now();
  const auto data = troupe::search::use_model_data::open(arguments[1]);
  if (!data) {
    std::fprintf(stderr, "embedding_bench: %s\n", data.error().detail.c_str());
    return 1;
  }
  std::printf("{\"load_ms\": %.1f, \"kernels\": {", milliseconds_since(began));
  const char* separator = "";
  for (const auto& kernel : troupe::search::usable_kernels()) {
    troupe::search::use_model model{*data, kernel};
    const auto t = measure(model, sentences, seconds);
    std::printf("%s\"%s\": {\"mean_ms\": %.3f, \"median_ms\": %.3f, \"p99_ms\": %.3f, \"sentences\": %zu}",
                separator, std::string{kernel.name}.c_str(), t.mean, t.median, t.p99, t.sentences);
    separator = ", ";
  }
  std::printf("}}\n");
  return 0;
}
