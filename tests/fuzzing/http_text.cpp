// The smaller parsers of the HTTP interface. First byte: which.

#include "net/http_text.hpp"
#include "base/checksum.hpp"
#include "net/http_cursor.hpp"
#include "net/http_json.hpp"
#include "net/http_target.hpp"
#include "search/json_scanner.hpp"
#include "tests/fuzzing/pieces.hpp"
#include "tests/fuzzing/target.hpp"

namespace troupe::fuzzing {

namespace {

class nobody final : public search::json_listener {
public:
  void on_string(std::string_view, std::string_view) override {}
  void on_number(std::string_view, double) override {}
  void on_boolean(std::string_view, bool) override {}
};

void run_json(std::string_view text) {
  auto checked = net::check_json(text, net::json_depth_any);
  nobody listener;
  bool scanned = search::scan_json(text, {}, listener);
  // Not the other way round: an exponent of ten digits is JSON, and more than the gateway takes.
  if (checked) require(scanned, "what the gateway takes for JSON, the index does");
  auto tree = net::read_json(text, 128);
  if (tree) require(bool(checked), "a tree is made of JSON only");
}

void run_values(std::string_view text) {
  for (auto type : {media_type::bytes, media_type::text, media_type::json}) {
    std::string out;
    net::append_json_value(out, text, type);
    require_success(net::check_json(out, net::json_depth_any), "every value has a form in JSON");
  }
  std::string out;
  net::append_json_bytes(out, text);
  require_success(net::check_json(out, 4), "every key has a form in JSON");
  out.clear();
  net::append_json_text(out, text);
  require_success(net::check_json(out, 4), "every sentence has a form in JSON");
}

void run_base64(std::string_view text) {
  require(net::from_base64(net::to_base64(text)) == text, "base64 there and back");
  require(net::from_base64url(net::to_base64url(text)) == text, "base64url there and back");
  // Readers are lenient about blanks and padding, so there is more than one way to write the same.
  if (auto bytes = net::from_base64(text))
    require(bytes->size() <= text.size(), "base64 makes nothing longer");
  if (auto bytes = net::from_base64url(text))
    require(bytes->size() <= text.size(), "base64 makes nothing longer");
  if (auto number = net::parse_u64(text)) {
    std::string out;
    net::append_number(out, *number);
    require(text.ends_with(out), "a number is what was written");
  }
}

void run_cursor(std::string_view bytes) {
  if (auto cursor = net::read_cursor(bytes))
    require(net::write_cursor(*cursor) == bytes, "a cursor has one form");
  // With the checksum that it needs.
  auto sum = crc32c(bytes);
  std::string sealed(bytes);
  sealed.append(reinterpret_cast<const char*>(&sum), sizeof sum);
  auto text = net::to_base64url(sealed);
  if (auto cursor = net::read_cursor(text))
    require(net::write_cursor(*cursor) == text, "a cursor has one form");
}

void run(std::string_view input) {
  pieces in{input};
  auto which = in.byte();
  switch (which % 5) {
  case 0: return run_json(in.rest());
  case 1: return run_values(in.rest());
  case 2: return run_base64(in.rest());
  case 3: return run_cursor(in.rest());
  default:
    if (auto parsed = net::parse_target(in.rest())) static_cast<void>(parsed->allow({"a", "b"}));
  }
}

} // namespace

constinit const target http_text{"http_text", run};

} // namespace troupe::fuzzing
