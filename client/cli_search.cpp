#include "client/cli_commands.hpp"

#include "client/cli_json.hpp"
#include "client/cli_table.hpp"
#include "net/http_text.hpp"

#include <unistd.h>

namespace troupe::client {

namespace {

/// The search as a body of POST /v1/search, whose translation checks it.
class body_writer {
public:
  void text(std::string_view name, const std::string& value) {
    begin(name);
    net::append_json_text(body_, value);
  }
  void text(std::string_view name, const std::optional<std::string>& value) {
    if (value) text(name, *value);
  }
  void number(std::string_view name, const std::optional<std::uint64_t>& value) {
    if (!value) return;
    begin(name);
    net::append_number(body_, *value);
  }
  void flag(std::string_view name, bool value) {
    if (!value) return;
    begin(name);
    body_ += "true";
  }
  void list(std::string_view name, const std::vector<std::string>& values) {
    begin(name);
    body_ += '[';
    for (auto& value : values) {
      if (&value != &values.front()) body_ += ',';
      net::append_json_text(body_, value);
    }
    body_ += ']';
  }
  std::string take() { return (body_.empty() ? "{" : body_) + "}"; }

private:
  void begin(std::string_view name) {
    body_ += body_.empty() ? '{' : ',';
    net::append_json_text(body_, name);
    body_ += ':';
  }

  std::string body_;
};

result<search_request> search_of(const cli_options& o) {
  body_writer body;
  body.text("q", o.query);
  body.text("mode", o.mode);
  body.number("limit", o.limit);
  body.number("offset", o.offset);
  if (!o.prefix.empty()) body.text("prefix", o.prefix);
  body.text("filter", o.filter);
  body.list("fields", o.fields);
  body.list("facets", o.facets);
  if (o.stale) body.text("consistency", std::string{"stale"});
  body.number("min_revision", o.min_revision);
  if (o.wait_vectors) body.text("vectors", std::string{"wait"});
  body.flag("explain", o.explain);
  body.flag("paged", o.paged);
  body.text("cursor", o.cursor);
  return search_from_json(body.take());
}

} // namespace

exit_code run_search(const cli_options& o) {
  auto asked = search_of(o);
  if (!asked) return say(o, asked.error());
  client store{o.endpoints, o.client};
  auto found = store.search(*asked);
  if (!found) return say(o, found.error());
  const auto code = found->hits.empty() ? exit_code::no : exit_code::ok;
  if (o.json_output) return show(search_json(*asked, *std::move(found)), code);
  return show(search_table(*found, ::isatty(STDOUT_FILENO) != 0), code);
}

} // namespace troupe::client
