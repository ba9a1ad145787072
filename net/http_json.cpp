#include "net/http_json.hpp"

#include "command/limits.hpp"
#include "net/http_text.hpp"

#include <boost/json/basic_parser_impl.hpp>

#include <cmath>
#include <cstdint>
#include <limits>

namespace troupe::net {

namespace {

namespace json = boost::json;
using json::error_code;
using boost_view = json::string_view;

constexpr std::size_t unlimited = static_cast<std::size_t>(-1);

std::string_view view(boost_view s) {
  return {s.data(), s.size()};
}

/// Accepts everything the grammar does.
struct checker {
  static constexpr std::size_t max_object_size = unlimited;
  static constexpr std::size_t max_array_size = unlimited;
  static constexpr std::size_t max_key_size = unlimited;
  static constexpr std::size_t max_string_size = unlimited;

  bool on_document_begin(error_code&) { return true; }
  bool on_document_end(error_code&) { return true; }
  bool on_object_begin(error_code&) { return true; }
  bool on_object_end(std::size_t, error_code&) { return true; }
  bool on_array_begin(error_code&) { return true; }
  bool on_array_end(std::size_t, error_code&) { return true; }
  bool on_key_part(boost_view, std::size_t, error_code&) { return true; }
  bool on_key(boost_view, std::size_t, error_code&) { return true; }
  bool on_string_part(boost_view, std::size_t, error_code&) { return true; }
  bool on_string(boost_view, std::size_t, error_code&) { return true; }
  bool on_number_part(boost_view, error_code&) { return true; }
  bool on_int64(std::int64_t, boost_view, error_code&) { return true; }
  bool on_uint64(std::uint64_t, boost_view, error_code&) { return true; }
  bool on_double(double, boost_view, error_code&) { return true; }
  bool on_bool(bool, error_code&) { return true; }
  bool on_null(error_code&) { return true; }
  bool on_comment_part(boost_view, error_code&) { return true; }
  bool on_comment(boost_view, error_code&) { return true; }
};

/// Writes the events of one value as JSON text.
class value_writer {
public:
  /// True when the value is complete with this event.
  bool open(char bracket) {
    separate();
    text_ += bracket;
    ++depth_;
    return false;
  }
  bool close(char bracket) {
    text_ += bracket;
    --depth_;
    return depth_ == 0;
  }
  void name(std::string_view s) {
    if (depth_ == 1) {
      ++members_;
      base64_next_ = s == "base64";
    }
    separate();
    append_json_string(text_, s);
    text_ += ':';
  }
  bool string(std::string_view s) {
    if (depth_ == 0) {
      plain_string_ = true;
      text_ = s;
      return true;
    }
    if (depth_ == 1 && base64_next_) {
      base64_ = s;
      has_base64_ = true;
    }
    separate();
    append_json_string(text_, s);
    return false;
  }
  bool literal(std::string_view s) {
    separate();
    text_ += s;
    return depth_ == 0;
  }

  /// Moves the value into `node`. False when what is called base64 is not.
  bool take(json_node& node) {
    node.what = json_node::kind::value;
    node.type = plain_string_ ? media_type::text : media_type::json;
    if (text_.starts_with('{') && !plain_string_ && members_ == 1 && has_base64_) {
      auto bytes = from_base64(base64_);
      if (!bytes) return false;
      node.type = media_type::bytes;
      text_ = std::move(*bytes);
    }
    node.text = std::move(text_);
    return true;
  }

private:
  void separate() {
    if (!text_.empty() && text_.back() != '{' && text_.back() != '[' && text_.back() != ':') text_ += ',';
  }

  std::string text_;
  std::size_t depth_ = 0;
  std::size_t members_ = 0; ///< of the outermost object
  bool plain_string_ = false;
  bool base64_next_ = false;
  bool has_base64_ = false;
  std::string base64_;
};

/// Builds the tree. `failure` says why, when the parser stops with an error that is not the grammar's.
struct builder : checker {
  json_node root;
  std::vector<json_node*>
      open; ///< objects and arrays around the next event; a parent's children do not move meanwhile
  std::optional<value_writer> value;
  json_node* vector = nullptr; ///< whose numbers are being read
  std::string part;            ///< of a name, string or number that came in pieces
  std::size_t nodes = 0;
  std::string failure;

  bool fail(error_code& ec, std::string why) {
    failure = std::move(why);
    ec = json::error::syntax;
    return false;
  }

  /// Where the next value goes; null after a failure.
  json_node* add(error_code& ec) {
    if (++nodes > json_nodes_max) {
      fail(ec, "the body has too many elements");
      return nullptr;
    }
    if (open.empty()) return &root;
    return &open.back()->children.emplace_back();
  }

  bool at_member(std::string_view name) const {
    return !open.empty() && open.back()->what == json_node::kind::object && open.back()->names.back() == name;
  }

  /// Called before every value: the value of a member "value" goes to the writer.
  bool captures() {
    if (!value && !vector && at_member("value")) value.emplace();
    return value.has_value();
  }
  bool captured(bool complete, error_code& ec) {
    if (!complete) return true;
    auto* node = add(ec);
    if (!node) return false;
    if (!value->take(*node)) return fail(ec, "\"base64\" holds no base64");
    value.reset();
    return true;
  }

  bool open_container(json_node::kind what, char bracket, error_code& ec) {
    if (captures()) return captured(value->open(bracket), ec);
    if (vector) return fail(ec, "\"vector\" holds something that is no number");
    const bool begins_vector = what == json_node::kind::array && at_member("vector");
    auto* node = add(ec);
    if (!node) return false;
    node->what = begins_vector ? json_node::kind::vector : what;
    if (begins_vector)
      vector = node;
    else
      open.push_back(node);
    return true;
  }
  bool close_container(char bracket, error_code& ec) {
    if (value) return captured(value->close(bracket), ec);
    if (vector) {
      if (vector->numbers.empty()) return fail(ec, "\"vector\" is empty");
      vector = nullptr;
      return true;
    }
    open.pop_back();
    return true;
  }
  bool on_object_begin(error_code& ec) { return open_container(json_node::kind::object, '{', ec); }
  bool on_object_end(std::size_t, error_code& ec) { return close_container('}', ec); }
  bool on_array_begin(error_code& ec) { return open_container(json_node::kind::array, '[', ec); }
  bool on_array_end(std::size_t, error_code& ec) { return close_container(']', ec); }

  bool on_key_part(boost_view s, std::size_t, error_code&) {
    part += view(s);
    return true;
  }
  bool on_key(boost_view s, std::size_t, error_code&) {
    part += view(s);
    if (value)
      value->name(part);
    else
      open.back()->names.push_back(part);
    part.clear();
    return true;
  }
  bool on_string_part(boost_view s, std::size_t, error_code&) {
    part += view(s);
    return true;
  }
  bool on_string(boost_view s, std::size_t, error_code& ec) {
    part += view(s);
    const auto whole = std::exchange(part, {});
    if (captures()) return captured(value->string(whole), ec);
    return leaf(json_node::kind::string, whole, ec);
  }
  bool on_number_part(boost_view s, error_code&) {
    part += view(s);
    return true;
  }
  bool number(boost_view s, error_code& ec) {
    part += view(s);
    const auto whole = std::exchange(part, {});
    if (captures()) return captured(value->literal(whole), ec);
    return leaf(json_node::kind::number, whole, ec);
  }
  bool component(double n, error_code& ec) {
    part.clear();
    if (!(std::abs(n) <= static_cast<double>(std::numeric_limits<float>::max())))
      return fail(ec, "\"vector\" holds a number that is too large");
    if (vector->numbers.size() == limits::vector_dimension_max)
      return fail(ec,
                  "\"vector\" holds more than " + std::to_string(limits::vector_dimension_max) + " numbers");
    vector->numbers.push_back(static_cast<float>(n));
    return true;
  }
  bool on_int64(std::int64_t n, boost_view s, error_code& ec) {
    return vector ? component(static_cast<double>(n), ec) : number(s, ec);
  }
  bool on_uint64(std::uint64_t n, boost_view s, error_code& ec) {
    return vector ? component(static_cast<double>(n), ec) : number(s, ec);
  }
  bool on_double(double n, boost_view s, error_code& ec) { return vector ? component(n, ec) : number(s, ec); }
  bool on_bool(bool truth, error_code& ec) {
    if (captures()) return captured(value->literal(truth ? "true" : "false"), ec);
    if (!leaf(json_node::kind::boolean, {}, ec)) return false;
    (open.empty() ? root : open.back()->children.back()).truth = truth;
    return true;
  }
  bool on_null(error_code& ec) {
    if (captures()) return captured(value->literal("null"), ec);
    return leaf(json_node::kind::null, {}, ec);
  }
  bool leaf(json_node::kind what, std::string_view text, error_code& ec) {
    if (vector) return fail(ec, "\"vector\" holds something that is no number");
    auto* node = add(ec);
    if (!node) return false;
    node->what = what;
    node->text = text;
    return true;
  }
};

template <class Handler>
result<void> parse(json::basic_parser<Handler>& parser, std::string_view text) {
  error_code ec;
  const auto used = parser.write_some(false, text.data(), text.size(), ec);
  if (ec)
    return error{errc::invalid_argument,
                 "not valid JSON at byte " + std::to_string(used) + ": " + ec.message()};
  if (used < text.size())
    return error{errc::invalid_argument,
                 "not valid JSON: more text after the document, at byte " + std::to_string(used)};
  return {};
}

json::parse_options options(std::size_t depth_max) {
  json::parse_options options;
  options.max_depth = depth_max;
  return options;
}

} // namespace

result<void> check_json(std::string_view text, std::size_t depth_max) {
  json::basic_parser<checker> parser{options(depth_max)};
  return parse(parser, text);
}

result<json_node> read_json(std::string_view text, std::size_t depth_max) {
  json::basic_parser<builder> parser{options(depth_max)};
  auto parsed = parse(parser, text);
  auto& built = parser.handler();
  if (!built.failure.empty()) return error{errc::invalid_argument, built.failure};
  if (!parsed) return parsed.error();
  return std::move(built.root);
}

} // namespace troupe::net
