#include "client/cli_json.hpp"

#include "command/codec.hpp"
#include "command/limits.hpp"
#include "net/http_api.hpp"
#include "net/http_json.hpp"
#include "net/http_text.hpp"

#include <boost/json.hpp>

#include <algorithm>
#include <vector>

namespace troupe::client {

namespace {

/// Nested deeper than this is refused, as by a node with its defaults.
constexpr std::size_t json_depth_max = 128;

/// The bounds of the formats; the cluster's own, which may be smaller, are checked by the node.
const net::http_api& translator() {
  static const net::http_api api = [] {
    net::api_options o;
    o.bounds = {limits::key_bytes_max, limits::command_bytes_max, limits::command_bytes_max};
    o.json_depth_max = json_depth_max;
    o.vector_dimension = net::api_options::any_dimension;
    return net::http_api{o};
  }();
  return api;
}

/// The sentence of a problem document.
std::string detail_of(const net::http_response& problem) {
  boost::system::error_code ec;
  const auto body = problem.body.view();
  const auto document = boost::json::parse({body.data(), body.size()}, ec);
  const auto* object = ec ? nullptr : document.if_object();
  const auto* detail = object ? object->if_contains("detail") : nullptr;
  const auto* text = detail ? detail->if_string() : nullptr;
  return text ? std::string{text->begin(), text->end()} : std::string{body};
}

result<net::http_call> translate(const char* target, std::string body) {
  net::http_request request;
  request.method = net::http_method::post;
  request.target = target;
  request.content_type = "application/json";
  request.length_known = true;
  request.body = std::move(body);
  auto translated = translator().translate(std::move(request));
  if (auto* refused = std::get_if<net::http_response>(&translated.outcome))
    return failure{failure_kind::invalid, detail_of(*refused)};
  return std::get<net::http_call>(std::move(translated.outcome));
}

result<transaction> translate_write(const char* target, std::string body) {
  auto asked = translate(target, std::move(body));
  if (!asked) return asked.error();
  auto decoded = decode_command(std::get<write_request>(asked->body).command.view());
  if (!decoded) return failure{failure_kind::invalid, decoded.error().detail};
  return std::move(std::get<transaction>(decoded->body));
}

std::string render(const net::answer_plan& plan, decltype(answer::body) body) {
  return std::string{translator().render(plan, std::move(body)).body.view()};
}

command_result applied(revision_t revision) {
  command_result r;
  r.succeeded = true;
  r.revision = revision;
  return r;
}

std::vector<std::string_view> lines_of(std::string_view text) {
  std::vector<std::string_view> lines;
  while (!text.empty()) {
    const auto end = std::min(text.find('\n'), text.size());
    lines.push_back(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return lines;
}

bool is_blank(std::string_view line) {
  return line.find_first_not_of(" \t\r") == std::string_view::npos;
}

/// Whether the text is one object of the form {"items":[...],"delete":[...]}.
bool is_bulk_body(std::string_view text) {
  const auto root = net::read_json(text, json_depth_max);
  if (!root || root->what != net::json_node::kind::object) return false;
  if (root->names.empty()) return true;
  for (std::size_t i = 0; i < root->names.size(); ++i)
    if (root->names[i] == "items" ||
        (root->names[i] == "delete" && root->children[i].what == net::json_node::kind::array))
      return true;
  return false;
}

} // namespace

result<transaction> transaction_from_json(std::string body) {
  return translate_write("/v1/txn", std::move(body));
}

result<transaction> bulk_from_json(std::string text) {
  if (is_bulk_body(text)) return translate_write("/v1/bulk", std::move(text));
  std::string items;
  std::string deletes;
  std::size_t number = 0;
  for (auto line : lines_of(text)) {
    ++number;
    if (is_blank(line)) continue;
    // Each line must be valid on its own, or the lines put together would mean something else.
    const auto parsed = net::read_json(line, json_depth_max);
    if (!parsed)
      return failure{failure_kind::invalid, "line " + std::to_string(number) + ": " + parsed.error().detail};
    const bool is_delete = parsed->names.size() == 1 && parsed->names.front() == "delete" &&
                           parsed->children.front().what == net::json_node::kind::string;
    auto& list = is_delete ? deletes : items;
    if (!list.empty()) list += ',';
    if (is_delete)
      net::append_json_string(list, parsed->children.front().text);
    else
      list += line;
  }
  return translate_write("/v1/bulk", "{\"items\":[" + items + "],\"delete\":[" + deletes + "]}");
}

result<search_request> search_from_json(std::string body) {
  auto asked = translate("/v1/search", std::move(body));
  if (!asked) return asked.error();
  return std::get<search_request>(std::move(asked->body));
}

result<void> check_json_value(std::string_view text) {
  if (auto fine = net::check_json(text, json_depth_max); !fine)
    return failure{failure_kind::invalid, fine.error().detail};
  return {};
}

media_type guess_media_type(std::string_view value) {
  return net::is_utf8(value) ? media_type::text : media_type::bytes;
}

std::string put_json(const std::string& key, const put_done& done) {
  auto r = applied(done.revision);
  r.results.emplace_back(put_result{done.created});
  return render(net::put_plan{key, false}, std::move(r));
}

std::string erase_json(const std::string& key, const erase_done& done) {
  auto r = applied(done.revision);
  r.results.emplace_back(delete_result{done.deleted});
  return render(net::delete_plan{key, false}, std::move(r));
}

std::string get_json(const key_value& item, revision_t revision) {
  query_result r;
  r.revision = revision;
  r.items.push_back(item);
  return render(net::get_plan{item.key, true, std::nullopt, std::nullopt}, std::move(r));
}

std::string scan_item_json(const key_value& item, bool keys_only) {
  if (!keys_only) return get_json(item, item.mod_revision);
  std::string line = "{\"key\":";
  net::append_json_bytes(line, item.key);
  line += ",\"mod_revision\":";
  net::append_number(line, item.mod_revision.value);
  return line + "}\n";
}

std::string bulk_json(std::size_t count, revision_t revision) {
  return render(net::bulk_plan{count}, applied(revision));
}

std::string transaction_json(const command_result& done) {
  return render(net::txn_plan{}, done);
}
std::string search_json(const search_request& asked, search_result found) {
  return render(net::search_plan{asked.values, asked.highlights, asked.paged, !asked.cursor.empty()},
                std::move(found));
}
std::string status_json(const cluster_status& status) {
  return render(net::cluster_plan{}, status);
}
std::string snapshot_json(const snapshot_result& done) {
  return render(net::snapshot_plan{}, done);
}
std::string transfer_json(const transfer_result& done) {
  return render(net::transfer_plan{}, done);
}

std::string member_json(const node_id& id, const member_result& done) {
  return render(net::member_plan{id.name}, done);
}

std::string failure_json(const failure& why) {
  std::string line = "{\"error\":";
  net::append_json_text(line, to_string(why.kind));
  line += ",\"detail\":";
  net::append_json_text(line, why.detail);
  return line + "}\n";
}

} // namespace troupe::client
