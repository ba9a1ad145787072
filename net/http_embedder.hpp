#pragma once

// Vectors from an embedding service that speaks as OpenAI's does: POST {url}/v1/embeddings.

#include "base/result.hpp"
#include "search/embedder.hpp"

#include <chrono>
#include <functional>
#include <memory>
#include <string>

namespace troupe::net {

/// Where the service is and how patient to be with it.
struct http_embedder_options {
  std::string url;   ///< http:// or https://, up to but without /v1/embeddings
  std::string model; ///< as the service calls it
  std::uint32_t dimension = 0;
  std::string key;   ///< sent as a bearer token; empty: none
  std::string proxy; ///< as libcurl's CURLOPT_PROXY; empty: none, whatever the environment says
  std::chrono::milliseconds connect_timeout{5'000};
  std::chrono::milliseconds timeout{30'000}; ///< of one try, with connecting
  /// Tries of one request. Between two it waits, first so long and each time twice as long, at most
  /// backoff_max.
  std::uint32_t tries = 4;
  std::chrono::milliseconds backoff{250};
  std::chrono::milliseconds backoff_max{5'000};
  /// How to wait; by default the thread sleeps. A stopping node may return at once.
  std::function<void(std::chrono::milliseconds)> wait;
};

inline constexpr std::uint32_t http_embedder_dimension_max = 16'384;
/// A passage ends at a sentence or a word before so many bytes: about 500 tokens, which every usual model
/// takes.
inline constexpr std::size_t http_embedder_passage_bytes = 2'000;
/// Passages of one request; a text with more takes several.
inline constexpr std::size_t http_embedder_inputs_max = 16;

/// Used by one thread at a time, which it blocks: at most for `tries` times `timeout` and the waits between,
/// for each request. Keeps its connection open. Redirects are not followed.
class http_embedder final : public search::embedder {
public:
  /// errc::invalid_argument: an option that makes no sense. The service is not asked.
  static result<std::unique_ptr<http_embedder>> make(http_embedder_options options);
  ~http_embedder() override;

  std::uint32_t dimension() const override { return options_.dimension; }
  /// As search::embedder says. errc::unavailable: the service could not be reached, answered 429 or 5xx,
  /// refused whoever asks (401, 403, 404, a redirect), or its answer is too large, is not understood, or has
  /// vectors of another dimension, that are not finite or of length 0: it is not the service that was
  /// configured, and any text would fare the same. errc::io_error: it refused this text (400, 413, 422).
  result<search::embedded_text> embed(std::string_view text) override;

private:
  class connection;

  explicit http_embedder(http_embedder_options options);
  result<std::string> ask(const std::string& body, std::size_t answer_bytes_max);

  http_embedder_options options_;
  std::unique_ptr<connection> connection_;
};

} // namespace troupe::net
