#include "net/http_embedder.hpp"

#include "net/embedding_answer.hpp"
#include "search/passages.hpp"

#include <boost/json.hpp>
#include <curl/curl.h>

#include <algorithm>
#include <span>
#include <string_view>
#include <thread>
#include <vector>

namespace troupe::net {

namespace {

namespace json = boost::json;

/// Bytes that one number of a vector may take in an answer, and what may stand around the vectors.
constexpr std::size_t number_bytes_max = 40;
constexpr std::size_t answer_overhead_bytes = 64 * 1024;
/// Of what the service says about a refusal, so much is repeated.
constexpr std::size_t quoted_bytes_max = 200;

bool has_control_characters(std::string_view text) {
  return std::any_of(text.begin(), text.end(), [](char c) { return static_cast<unsigned char>(c) < 0x20; });
}

bool starts_library() {
  // Thread-safe in the libcurl that Debian 12 has; once for the process, which does not undo it.
  static const bool started = curl_global_init(CURL_GLOBAL_DEFAULT) == CURLE_OK;
  return started;
}

std::string request_body(const std::string& model, std::string_view text,
                         std::span<const search::passage> passages) {
  json::array inputs;
  for (const auto& p : passages)
    inputs.emplace_back(text.substr(p.begin, p.end - p.begin));
  return json::serialize(json::object{{"model", model}, {"input", std::move(inputs)}});
}

} // namespace

/// One libcurl handle with what stays the same from request to request.
class http_embedder::connection {
public:
  struct outcome {
    CURLcode code = CURLE_OK;
    long status = 0;
    bool too_large = false;
    std::string body;
    std::string message; ///< of libcurl
  };

  explicit connection(const http_embedder_options& options) : handle_(curl_easy_init()) {
    if (!handle_) return;
    const auto url = options.url + "/v1/embeddings";
    add_header("Content-Type: application/json");
    add_header("Accept: application/json");
    // Without this libcurl asks for permission before a long body, and waits a second where nobody answers
    // that.
    add_header("Expect:");
    if (!options.key.empty()) add_header("Authorization: Bearer " + options.key);
    set(CURLOPT_URL, url.c_str());
    set(CURLOPT_PROTOCOLS_STR, "http,https");
    set(CURLOPT_PROXY, options.proxy.c_str());
    set(CURLOPT_HTTPHEADER, headers_.get());
    set(CURLOPT_NOSIGNAL, 1L);
    set(CURLOPT_POST, 1L);
    set(CURLOPT_USERAGENT, "troupe");
    set(CURLOPT_CONNECTTIMEOUT_MS, static_cast<long>(options.connect_timeout.count()));
    set(CURLOPT_TIMEOUT_MS, static_cast<long>(options.timeout.count()));
    set(CURLOPT_WRITEFUNCTION, &connection::take);
    set(CURLOPT_WRITEDATA, this);
  }

  bool is_ready() const { return ready_; }

  outcome post(const std::string& body, std::size_t answer_bytes_max) {
    outcome_ = {};
    answer_bytes_max_ = answer_bytes_max;
    char message[CURL_ERROR_SIZE] = {};
    set(CURLOPT_ERRORBUFFER, message);
    set(CURLOPT_POSTFIELDS, body.data());
    set(CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(body.size()));
    outcome_.code = curl_easy_perform(handle_.get());
    curl_easy_getinfo(handle_.get(), CURLINFO_RESPONSE_CODE, &outcome_.status);
    set(CURLOPT_ERRORBUFFER, static_cast<char*>(nullptr));
    outcome_.message = message[0] == '\0' ? curl_easy_strerror(outcome_.code) : message;
    return std::move(outcome_);
  }

private:
  struct freed {
    void operator()(CURL* handle) const { curl_easy_cleanup(handle); }
    void operator()(curl_slist* list) const { curl_slist_free_all(list); }
  };

  template <class Value>
  void set(CURLoption option, Value value) {
    if (curl_easy_setopt(handle_.get(), option, value) != CURLE_OK) ready_ = false;
  }

  void add_header(const std::string& line) {
    auto* list = curl_slist_append(headers_.get(), line.c_str());
    if (list == nullptr) {
      ready_ = false;
      return;
    }
    static_cast<void>(headers_.release());
    headers_.reset(list);
  }

  static std::size_t take(const char* bytes, std::size_t one, std::size_t count, void* self) {
    auto& c = *static_cast<connection*>(self);
    const std::size_t size = one * count;
    if (size > c.answer_bytes_max_ - c.outcome_.body.size()) {
      c.outcome_.too_large = true;
      return 0; // ends the transfer
    }
    c.outcome_.body.append(bytes, size);
    return size;
  }

  std::unique_ptr<CURL, freed> handle_;
  std::unique_ptr<curl_slist, freed> headers_;
  bool ready_ = handle_ != nullptr;
  outcome outcome_;
  std::size_t answer_bytes_max_ = 0;
};

result<std::unique_ptr<http_embedder>> http_embedder::make(http_embedder_options options) {
  const auto wrong = [](const std::string& what) {
    return error{errc::invalid_argument, "embedding service: " + what};
  };
  const std::string_view url = options.url;
  if (!(url.starts_with("http://") || url.starts_with("https://")) || has_control_characters(url))
    return wrong("the URL has to begin with http:// or https://");
  if (options.model.empty()) return wrong("the model has no name");
  if (options.dimension == 0 || options.dimension > http_embedder_dimension_max)
    return wrong("the dimension has to be 1 to " + std::to_string(http_embedder_dimension_max));
  if (has_control_characters(options.key)) return wrong("the key has control characters");
  if (options.tries == 0 || options.timeout.count() <= 0 || options.connect_timeout.count() <= 0)
    return wrong("tries and time-outs have to be above 0");
  while (options.url.ends_with('/'))
    options.url.pop_back();
  if (!options.wait) options.wait = [](std::chrono::milliseconds time) { std::this_thread::sleep_for(time); };
  if (!starts_library()) return error{errc::unavailable, "libcurl does not start"};
  std::unique_ptr<http_embedder> made{new http_embedder{std::move(options)}};
  if (!made->connection_->is_ready()) return wrong("libcurl does not take the URL, the key or the proxy");
  return made;
}

http_embedder::http_embedder(http_embedder_options options)
    : options_(std::move(options)), connection_(std::make_unique<connection>(options_)) {}

http_embedder::~http_embedder() = default;

result<search::embedded_text> http_embedder::embed(std::string_view text) {
  const search::passage_limits limits{.size_max = http_embedder_passage_bytes,
                                      .bytes_max = http_embedder_passage_bytes};
  search::embedded_text made;
  made.passages = search::split_passages(text, limits, [](std::string_view part) { return part.size(); });
  if (made.passages.empty()) return error{errc::invalid_argument, "the text has no words to embed"};
  made.vectors.resize(made.passages.size() * options_.dimension);
  for (std::size_t done = 0; done < made.passages.size();) {
    const auto count = std::min(made.passages.size() - done, http_embedder_inputs_max);
    const auto body = request_body(options_.model, text, std::span{made.passages}.subspan(done, count));
    const auto answer = ask(body, answer_overhead_bytes + count * options_.dimension * number_bytes_max);
    if (!answer) return answer.error();
    const auto read = read_embedding_answer(*answer, count, options_.dimension,
                                            made.vectors.data() + done * options_.dimension);
    if (!read) return error{errc::unavailable, options_.url + ": " + read.error().detail};
    done += count;
  }
  return made;
}

/// One request, tried again where that can help.
result<std::string> http_embedder::ask(const std::string& body, std::size_t answer_bytes_max) {
  auto pause = options_.backoff;
  for (std::uint32_t attempt = 1;; ++attempt) {
    auto outcome = connection_->post(body, answer_bytes_max);
    if (outcome.too_large)
      return error{errc::unavailable, options_.url + ": the answer has more than " +
                                          std::to_string(answer_bytes_max) + " bytes"};
    if (outcome.code == CURLE_OK && outcome.status == 200) return std::move(outcome.body);
    const auto problem = options_.url + ": " +
                         (outcome.code != CURLE_OK ? outcome.message
                                                   : "status " + std::to_string(outcome.status) + ": " +
                                                         outcome.body.substr(0, quoted_bytes_max));
    const auto status = outcome.status;
    if (outcome.code == CURLE_OK && status != 429 && status < 500) {
      const bool of_the_text = status == 400 || status == 413 || status == 422;
      return error{of_the_text ? errc::io_error : errc::unavailable, problem};
    }
    if (attempt == options_.tries) return error{errc::unavailable, problem};
    options_.wait(pause);
    pause = std::min(2 * pause, options_.backoff_max);
  }
}

} // namespace troupe::net
