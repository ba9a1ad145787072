#include "search/document.hpp"

#include "search/json_scanner.hpp"
#include "search/utf8.hpp"

#include <absl/container/btree_set.h>
#include <functional>

namespace troupe::search {

namespace {

/// Takes what the scanner tells, up to the limits of a document.
class collector : public json_listener {
public:
  explicit collector(extracted& out) : out_(out) {}

  void on_string(std::string_view path, std::string_view value) override {
    if (!admits(path)) return;
    if (!value.empty() && out_.texts.size() < parts_per_document_max)
      out_.texts.push_back({std::string{path}, std::string{value}});
    if (value.size() <= keyword_bytes_max)
      add({std::string{path}, field_fact::type::keyword, 0, std::string{value}});
  }
  void on_number(std::string_view path, double value) override {
    if (admits(path)) add({std::string{path}, field_fact::type::number, value, {}});
  }
  void on_boolean(std::string_view path, bool value) override {
    if (admits(path)) add({std::string{path}, field_fact::type::boolean, value ? 1.0 : 0.0, {}});
  }

private:
  bool admits(std::string_view path) {
    if (path == last_ && !fields_.empty()) return true;
    if (!fields_.contains(path)) {
      if (fields_.size() == fields_per_document_max) return false;
      fields_.emplace(path);
    }
    last_ = path;
    return true;
  }

  void add(field_fact fact) {
    // A value that is no object has a text and no field one could ask for.
    if (!fact.field.empty() && out_.facts.size() < parts_per_document_max)
      out_.facts.push_back(std::move(fact));
  }

  extracted& out_;
  absl::btree_set<std::string, std::less<>> fields_;
  std::string last_;
};

} // namespace

extracted extract(const document& d) {
  extracted out;
  if (d.kind == value_kind::bytes || !is_utf8(d.value)) return out;
  if (d.kind == value_kind::text) {
    if (!d.value.empty()) out.texts.push_back({"", std::string{d.value}});
    return out;
  }
  collector listener{out};
  if (!scan_json(d.value, {json_depth_max, field_bytes_max}, listener)) return {};
  return out;
}

std::string embeddable_text(const document& d) {
  if (d.kind == value_kind::text) return is_utf8(d.value) ? std::string{d.value} : std::string{};
  std::string out;
  for (const auto& part : extract(d).texts) {
    if (!out.empty()) out += ". ";
    out += part.text;
  }
  return out;
}

} // namespace troupe::search
