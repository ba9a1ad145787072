#include "node/search_setup.hpp"

#include "actors/steady_clock.hpp"
#include "net/http_embedder.hpp"
#include "search/use_model.hpp"

#include <spdlog/spdlog.h>

#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <fstream>
#include <string>

namespace troupe {

namespace {

/// Behind what answers requests, before what may wait.
constexpr int indexer_niceness = 5;
constexpr int background_niceness = 19;

using factory = std::function<result<std::unique_ptr<search::embedder>>()>;

/// Linux keeps a priority for each thread.
std::function<void()> niceness(int nice) {
  return [nice] {
    if (::setpriority(PRIO_PROCESS, static_cast<id_t>(::gettid()), nice) != 0)
      spdlog::warn("the priority of a background thread could not be lowered");
  };
}

search::index_scope scope_of(const config::search_settings& s) {
  return {s.prefixes, s.value_bytes, s.text_values, s.json_values};
}

/// A worker's model; all of a node's share the weights.
result<factory> builtin_factory(const config::embedding_settings& e) {
  auto data = search::use_model_data::open(e.model_file);
  if (!data)
    return error{data.error().code,
                 "[embedding] model_file: " + data.error().detail + " (deploy/fetch-model makes the file)"};
  return factory{[shared = *data]() -> result<std::unique_ptr<search::embedder>> {
    return std::unique_ptr<search::embedder>{std::make_unique<search::use_model>(shared)};
  }};
}

result<std::string> read_key(const std::string& path) {
  constexpr std::size_t key_bytes_max = 4'096;
  std::ifstream in{path, std::ios::binary};
  std::string key;
  if (!in || !std::getline(in, key))
    return error{errc::not_found, "[embedding] api_key_file: cannot read " + path};
  while (!key.empty() && (key.back() == '\r' || key.back() == ' '))
    key.pop_back();
  bool printable = std::all_of(key.begin(), key.end(), [](unsigned char c) { return c > 0x20 && c < 0x7f; });
  if (key.empty() || key.size() > key_bytes_max || !printable)
    return error{errc::invalid_argument,
                 "[embedding] api_key_file: " + path + " holds no key in its first line"};
  return key;
}

result<factory> http_factory(const config::embedding_settings& e) {
  net::http_embedder_options o;
  o.url = e.url;
  // People copy the whole address.
  constexpr std::string_view path = "/v1/embeddings";
  if (o.url.ends_with(path)) o.url.resize(o.url.size() - path.size());
  o.model = e.name;
  o.dimension = static_cast<std::uint32_t>(e.dimension);
  o.timeout = e.timeout;
  o.connect_timeout = std::min<std::chrono::milliseconds>(o.connect_timeout, e.timeout);
  o.tries = static_cast<std::uint32_t>(e.retries) + 1;
  if (!e.api_key_file.empty()) {
    auto key = read_key(e.api_key_file);
    if (!key) return key.error();
    o.key = std::move(*key);
  }
  auto make = [o]() -> result<std::unique_ptr<search::embedder>> {
    auto made = net::http_embedder::make(o);
    if (!made) return made.error();
    return std::unique_ptr<search::embedder>{std::move(*made)};
  };
  if (auto usable = make(); !usable)
    return error{usable.error().code, "[embedding] " + usable.error().detail};
  return factory{make};
}

} // namespace

embedding_model model_of(const config::embedding_settings& e) {
  using config::embedding_maker;
  switch (e.maker) {
  case embedding_maker::none: return {};
  case embedding_maker::builtin:
    return {vector_maker::builtin, std::string{search::use_model_name}, search::use_dimension,
            vector_metric::cosine};
  case embedding_maker::client:
  case embedding_maker::http: break;
  }
  return {static_cast<vector_maker>(e.maker), e.name, static_cast<std::uint32_t>(e.dimension),
          static_cast<vector_metric>(e.metric)};
}

std::variant<search_setup, cannot_start> prepare_search(const config::node_config& config) {
  auto& s = config.search;
  search_setup out;
  out.model = model_of(config.embedding);
  if (out.model.made_here()) {
    auto made = out.model.maker == vector_maker::builtin ? builtin_factory(config.embedding)
                                                         : http_factory(config.embedding);
    if (!made) return cannot_start{exit_code::refused, made.error().detail};
    for (auto* worker : {&out.queries, &out.writes, &out.background}) {
      worker->make = *made;
      worker->now_ms = steady_now_ms;
    }
  }
  out.background.on_thread = niceness(background_niceness);

  out.embedder.model = out.model;
  out.embedder.replace = config.embedding.replace;
  out.embedder.scope = scope_of(s);
  out.embedder.command_bytes_max = config.limits.command_bytes;

  auto& i = out.indexer;
  i.scope = out.embedder.scope;
  i.text.reset();
  if (s.text) i.text = search::text_settings{{s.language, s.stop_words}, s.k1, s.b};
  i.vectors = s.vectors;
  i.graph.links = static_cast<std::uint32_t>(s.hnsw_links);
  i.graph.build_breadth = static_cast<std::uint32_t>(s.hnsw_build_breadth);
  i.graph.search_breadth = static_cast<std::uint32_t>(s.hnsw_search_breadth);
  i.model = out.model;
  i.files = &real_file_system();
  i.vector_file = config.data_dir + "/vectors.index";
  i.on_thread = niceness(indexer_niceness);
  i.now_ms = steady_now_ms;
  if (i.text) {
    auto words = search::analyzer::make(i.text->words);
    if (!words) return cannot_start{exit_code::refused, "[search] language: " + words.error().detail};
  }
  return out;
}

} // namespace troupe
