// POST /v1/bulk and POST /v1/txn: JSON bodies that become transactions.

#include "command/limits.hpp"
#include "command/vectors.hpp"
#include "net/http_api_body.hpp"
#include "net/http_api_detail.hpp"
#include "net/http_text.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <utility>

namespace troupe::net::api {

namespace {

using kind = json_node::kind;

result<std::string> read_key(json_node* node, const std::string& where) {
  if (!node) return wrong(where, "\"key\" is missing");
  if (node->what != kind::string) return wrong(where, "\"key\" must be a string");
  if (node->text.empty()) return wrong(where, "\"key\" is empty");
  return std::move(node->text);
}

/// The vector that comes with a value, as an annotation of what the same transaction puts under the key.
/// What the vector index could not compare would be taken and never found.
bool comparable(const std::vector<float>& v, bool by_direction) {
  constexpr float largest = 1e16f;
  constexpr float least = 1e-15f;
  auto size = [](float x) { return std::abs(x); };
  return std::ranges::all_of(v, [&](float x) { return size(x) <= largest; }) &&
         (!by_direction || std::ranges::any_of(v, [&](float x) { return size(x) >= least; }));
}

result<annotate_operation> read_vector(json_node& node, std::string key, const std::string& where,
                                       const api_options& options) {
  const auto dimension = options.vector_dimension;
  if (node.what != kind::vector) return wrong(where, "\"vector\" must be an array of numbers");
  if (dimension == 0)
    return wrong(where, "\"vector\" has no use: this cluster takes no vectors from clients");
  if (dimension != api_options::any_dimension && node.numbers.size() != dimension)
    return wrong(where, "\"vector\" has " + std::to_string(node.numbers.size()) +
                            " numbers, and the vectors of this cluster have " + std::to_string(dimension));
  if (!comparable(node.numbers, options.vectors_by_direction))
    return wrong(where, "\"vector\" has a number beyond 1e16, or only zeros where directions are compared");
  annotate_operation annotation;
  annotation.key = std::move(key);
  annotation.vectors = encode_vectors({{{0, 0}}, std::move(node.numbers)});
  return annotation;
}

/// {"key", "value", "media_type"?, "vector"?}: how a bulk item and a put say what to store. A media type
/// belongs to a value given as base64, which so keeps its bytes exactly.
result<void> read_put(json_node& node, const std::string& where, const api_options& options,
                      std::vector<operation>& into) {
  auto found = members(node, std::array<std::string_view, 4>{"key", "value", "media_type", "vector"}, where);
  if (!found) return found.error();
  auto [key_node, value, media, vector] = *found;
  auto key = read_key(key_node, where);
  if (!key) return key.error();
  if (!value) return wrong(where, "\"value\" is missing");
  auto type = value->type;
  if (media) {
    if (media->what != kind::string) return wrong(where, "\"media_type\" must be a string");
    const auto name = essence(media->text);
    const auto named = name == "application/json" ? media_type::json
                       : name == "text/plain"     ? media_type::text
                                                  : media_type::bytes;
    if (named == media_type::bytes && name != "application/octet-stream")
      return wrong(where, "\"media_type\" is text/plain, application/json or application/octet-stream");
    if (type != media_type::bytes && type != named)
      return wrong(where, "\"media_type\" is not that of the value; give other bytes as {\"base64\":...}");
    if (check_value(named, value->text, options.json_depth_max))
      return wrong(where, "the bytes in \"base64\" are not valid " + name);
    type = named;
  }
  into.emplace_back(put_operation{*key, blob{value->text}, type});
  if (!vector) return {};
  auto annotation = read_vector(*vector, std::move(*key), where, options);
  if (!annotation) return annotation.error();
  into.emplace_back(std::move(*annotation));
  return {};
}

result<void> check_array(const json_node* node, const std::string& where) {
  if (node && node->what != kind::array) return wrong(where, "must be an array");
  return {};
}

result<transaction> read_bulk(json_node& root, const api_options& options) {
  auto found = members(root, std::array<std::string_view, 2>{"items", "delete"}, "the body");
  if (!found) return found.error();
  auto [items, deletes] = *found;
  if (auto fine = check_array(items, "items"); !fine) return fine.error();
  if (auto fine = check_array(deletes, "delete"); !fine) return fine.error();
  transaction write;
  for (std::size_t i = 0; items && i < items->children.size(); ++i) {
    const auto where = "items[" + std::to_string(i) + "]";
    if (auto put = read_put(items->children[i], where, options, write.success); !put) return put.error();
  }
  for (std::size_t i = 0; deletes && i < deletes->children.size(); ++i) {
    auto key = read_key(&deletes->children[i], "delete[" + std::to_string(i) + "]");
    if (!key) return key.error();
    write.success.emplace_back(delete_operation{std::move(*key)});
  }
  return write;
}

result<void> read_operation(json_node& node, const std::string& where, const api_options& options,
                            std::vector<operation>& into) {
  auto found = members(node, std::array<std::string_view, 3>{"put", "delete", "get"}, where);
  if (!found) return found.error();
  if (node.children.size() != 1)
    return wrong(where, "must have exactly one of \"put\", \"delete\" and \"get\"");
  auto [put, del, get] = *found;
  if (put) return read_put(*put, where + ".put", options, into);
  const auto inner = where + (del ? ".delete" : ".get");
  auto named = members(del ? *del : *get, std::array<std::string_view, 1>{"key"}, inner);
  if (!named) return named.error();
  auto key = read_key((*named)[0], inner);
  if (!key) return key.error();
  if (del)
    into.emplace_back(delete_operation{std::move(*key)});
  else
    into.emplace_back(get_operation{std::move(*key)});
  return {};
}

template <class Enum, std::size_t N>
result<Enum> read_name(const json_node* node, const std::array<std::pair<std::string_view, Enum>, N>& names,
                       const std::string& where) {
  if (node && node->what == kind::string)
    for (auto& [name, value] : names)
      if (name == node->text) return value;
  std::string all;
  for (auto& [name, value] : names)
    all.append(all.empty() ? "" : ", ").append(name);
  return wrong(where, "must be one of " + all);
}

constexpr std::array<std::pair<std::string_view, compare_target>, 5> targets{
    {{"value", compare_target::value},
     {"mod_revision", compare_target::mod_revision},
     {"create_revision", compare_target::create_revision},
     {"version", compare_target::version},
     {"exists", compare_target::exists}}};
constexpr std::array<std::pair<std::string_view, compare_op>, 4> operators{{{"==", compare_op::equal},
                                                                            {"!=", compare_op::not_equal},
                                                                            {"<", compare_op::less},
                                                                            {">", compare_op::greater}}};

result<compare> read_compare(json_node& node, const std::string& where) {
  auto found = members(node, std::array<std::string_view, 4>{"key", "target", "op", "value"}, where);
  if (!found) return found.error();
  auto [key_node, target_node, op_node, value] = *found;
  compare condition;
  auto key = read_key(key_node, where);
  if (!key) return key.error();
  condition.key = std::move(*key);
  auto target = read_name(target_node, targets, where + ".target");
  if (!target) return target.error();
  condition.target = *target;
  auto op = read_name(op_node, operators, where + ".op");
  if (!op) return op.error();
  condition.op = *op;
  if (!value) return wrong(where, "\"value\" is missing");
  if (condition.target == compare_target::value) {
    condition.value = blob{value->text};
    return condition;
  }
  const bool json = value->type == media_type::json;
  if (condition.target == compare_target::exists) {
    if (!json || (value->text != "true" && value->text != "false"))
      return wrong(where + ".value", "must be true or false");
    if (condition.op == compare_op::less || condition.op == compare_op::greater)
      return wrong(where + ".op", "must be == or != when the target is exists");
    condition.number = value->text == "true" ? 1 : 0;
    return condition;
  }
  const auto number = json ? parse_u64(value->text) : std::nullopt;
  if (!number) return wrong(where + ".value", "must be a whole number that is not negative");
  condition.number = *number;
  return condition;
}

template <class Read>
result<void> read_each(json_node* list, const std::string& name, Read&& read) {
  if (auto fine = check_array(list, name); !fine) return fine;
  for (std::size_t i = 0; list && i < list->children.size(); ++i)
    if (auto done = read(list->children[i], name + "[" + std::to_string(i) + "]"); !done) return done;
  return {};
}

result<transaction> read_txn(json_node& root, const api_options& options) {
  auto found = members(root, std::array<std::string_view, 3>{"compare", "success", "failure"}, "the body");
  if (!found) return found.error();
  auto [compares, success, failure] = *found;
  transaction write;
  auto read = read_each(compares, "compare", [&](json_node& node, const std::string& where) -> result<void> {
    auto condition = read_compare(node, where);
    if (!condition) return condition.error();
    write.compares.push_back(std::move(*condition));
    return {};
  });
  if (!read) return read.error();
  const auto into = [&](std::vector<operation>& branch) {
    return [&branch, &options](json_node& node, const std::string& where) {
      return read_operation(node, where, options, branch);
    };
  };
  if (read = read_each(success, "success", into(write.success)); !read) return read.error();
  if (read = read_each(failure, "failure", into(write.failure)); !read) return read.error();
  return write;
}

/// What a get of a transaction saw counts for in the bound of the answer.
std::size_t answer_bytes(const command_result& result) {
  std::size_t bytes = 0;
  for (auto& one : result.results)
    if (auto* get = std::get_if<get_result>(&one); get && get->found)
      bytes += get->found->key.size() + get->found->value.size();
  return bytes;
}

/// Nothing for annotations: they were added to what was asked, by who asked for vectors, and are not the
/// client's.
void append_result(std::string& out, const operation_result& one) {
  if (std::holds_alternative<annotate_result>(one)) return;
  if (out.back() != '[') out += ',';
  if (auto* put = std::get_if<put_result>(&one)) {
    out += put->created ? "{\"put\":{\"created\":true}}" : "{\"put\":{\"created\":false}}";
  } else if (auto* gone = std::get_if<delete_result>(&one)) {
    out += gone->deleted ? "{\"delete\":{\"deleted\":true}}" : "{\"delete\":{\"deleted\":false}}";
  } else if (auto* got = std::get_if<get_result>(&one)) {
    const auto& found = got->found;
    out += "{\"get\":";
    if (found)
      append_envelope(out, *found, false);
    else
      out += "null";
    out += '}';
  }
}

} // namespace

outcome_of_translation post_bulk(context& request) {
  auto root = read_body(request, {"embed"});
  if (auto* bad = refused(root)) return std::move(*bad);
  auto write = read_bulk(std::get<1>(root), request.options);
  if (!write) return problem(problems::bad_body, write.error().detail);
  const auto counts = [](const operation& one) { return !std::holds_alternative<annotate_operation>(one); };
  const bulk_plan plan{static_cast<std::size_t>(std::ranges::count_if(write->success, counts))};
  return write_call(request, std::move(*write), plan);
}

outcome_of_translation post_txn(context& request) {
  auto root = read_body(request, {"embed"});
  if (auto* bad = refused(root)) return std::move(*bad);
  auto write = read_txn(std::get<1>(root), request.options);
  if (!write) return problem(problems::bad_body, write.error().detail);
  return write_call(request, std::move(*write), txn_plan{});
}

http_response render_bulk(const bulk_plan& plan, const command_result& result) {
  std::string body = "{\"revision\":";
  append_number(body, result.revision.value);
  body += ",\"count\":";
  append_number(body, std::uint64_t{plan.count});
  body += '}';
  std::string headers = revision_header(result.revision);
  append_replayed(headers, result);
  return json_response(200, std::move(body), std::move(headers));
}

http_response render_txn(const command_result& result, std::size_t bytes_max) {
  std::string body =
      result.succeeded ? "{\"succeeded\":true,\"revision\":" : "{\"succeeded\":false,\"revision\":";
  append_number(body, result.revision.value);
  // The transaction has been applied, so an answer that is too large, or was too large to be remembered, is
  // no error.
  if (result.truncated || answer_bytes(result) > bytes_max) {
    body += ",\"results\":[],\"truncated\":true}";
  } else {
    body += ",\"results\":[";
    for (auto& one : result.results)
      append_result(body, one);
    body += "]}";
  }
  std::string headers = revision_header(result.revision);
  append_replayed(headers, result);
  return json_response(200, std::move(body), std::move(headers));
}

} // namespace troupe::net::api
