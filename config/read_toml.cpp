// Cluster file -> draft. The TOML itself is read by toml++; here each table and key finds its place.

#include "config/draft.hpp"
#include "config/read_file.hpp"
#include "config/schema.hpp"
#include "config/text.hpp"
#include "config/toml.hpp"
#include "config/units.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <utility>

namespace troupe::config {
namespace {

/// What people look for in [storage] or [limits] and why it is not there.
constexpr std::array<std::pair<std::string_view, std::string_view>, 8> absent_on_purpose{{
    {"sync", "an acknowledged write is always synced; there is no such switch"},
    {"fsync", "an acknowledged write is always synced; there is no such switch"},
    {"no_sync", "an acknowledged write is always synced; there is no such switch"},
    {"sessions",
     "bounds of sessions are the same on every node and part of the command format, not a setting"},
    {"sessions_max",
     "bounds of sessions are the same on every node and part of the command format, not a setting"},
    {"session_timeout",
     "bounds of sessions are the same on every node and part of the command format, not a setting"},
    {"idempotency_window", "bounds of idempotency keys are part of the command format, not a setting"},
    {"idempotency_keys", "bounds of idempotency keys are part of the command format, not a setting"},
}};

/// toml++ makes a table within a table for each dot of a key, without bound, and takes them down by
/// recursion: a few tens of thousands of dots would be more than a stack holds. Brackets it bounds itself.
constexpr std::ptrdiff_t dots_max = 4000;

std::uint32_t line_of(const toml::node& node) {
  return static_cast<std::uint32_t>(node.source().begin.line);
}

std::string_view kind_of(const toml::node& node) {
  switch (node.type()) {
  case toml::node_type::table: return "a table";
  case toml::node_type::array: return "an array";
  case toml::node_type::string: return "a string";
  case toml::node_type::integer: return "a bare number";
  case toml::node_type::floating_point: return "a fraction";
  case toml::node_type::boolean: return "true or false";
  default: return "a date or time";
  }
}

class reader {
public:
  explicit reader(draft& into) : draft_(into) {}

  void read_root(const toml::table& root) {
    for (const auto& [name, node] : root) {
      const std::string_view section = name.str();
      if (section == "node") {
        read_nodes(node);
      } else if (std::ranges::find(section_names(), section) == section_names().end()) {
        unknown("", name, section_names());
      } else if (const auto* table = node.as_table()) {
        read_section(section, *table);
      } else {
        draft_.problems.add(at(line_of(node), section), "is " + std::string(kind_of(node)) +
                                                            "; write a table, [" + std::string(section) +
                                                            "]");
      }
    }
  }

private:
  origin at(std::uint32_t line, std::string_view what) const {
    return {draft_.file + ":" + std::to_string(line) + ": " + std::string(what), line};
  }

  void unknown(std::string_view section, const toml::key& key, std::span<const std::string_view> known) {
    const std::string_view name = key.str();
    const std::string prefix = section.empty() ? "" : std::string(section) + ".";
    const auto where = at(static_cast<std::uint32_t>(key.source().begin.line), prefix + printable(name, 60));
    for (const auto& [absent, why] : absent_on_purpose)
      if (!section.empty() && name == absent) return draft_.problems.add(where, why);
    for (auto other : section_names())
      if (std::ranges::find(key_names(other), name) != key_names(other).end())
        return draft_.problems.add(where, "does not belong here but in " + bracketed(other));
    std::string what = section.empty() ? "there is no such table" : "there is no such key";
    if (const auto near = nearest(name, known); !near.empty())
      what += "; did you mean " + in_quotes(near) + "?";
    draft_.problems.add(where, what);
  }

  static std::string bracketed(std::string_view section) {
    return section == "node" ? "[[node]]" : "[" + std::string(section) + "]";
  }

  /// Calls use(key, value) on each known entry, in the order of the keys, and reports the unknown ones.
  template <class Use>
  void each_known(std::string_view section, const toml::table& table, Use use) {
    for (const auto& [key, value] : table) {
      if (std::ranges::find(key_names(section), key.str()) == key_names(section).end())
        unknown(section, key, key_names(section));
      else
        use(key.str(), value);
    }
  }

  void read_section(std::string_view section, const toml::table& table) {
    if (section == "tls") return read_tls(table);
    each_known(section, table, [&](std::string_view key, const toml::node& value) {
      const auto name = std::string(section) + "." + std::string(key);
      const auto where = at(line_of(value), name);
      draft_.set_at.emplace(name, where);
      if (section == "cluster") {
        take(text_of(value, where), parse_name, where, draft_.cluster_name);
      } else if (name == "log.level") {
        take(text_of(value, where), parse_log_level, where, draft_.shared.log.level);
      } else if (name == "log.file") {
        take(text_of(value, where), parse_path, where, draft_.shared.log.file);
      } else if (section == "search" && read_search(key, value, where)) {
        return;
      } else if (section == "embedding" && read_embedding(key, value, where)) {
        return;
      } else {
        read_scalar(section, key, value, where);
      }
    });
  }

  /// The keys of [search] that are no scalars; false for the others.
  bool read_search(std::string_view key, const toml::node& value, const origin& where) {
    auto& search = draft_.shared.search;
    if (key == "language")
      take(text_of(value, where), parse_language, where, search.language);
    else if (key == "prefixes")
      read_prefixes(value, where);
    else
      return false;
    return true;
  }

  void read_prefixes(const toml::node& value, const origin& where) {
    const auto* list = value.as_array();
    if (list == nullptr || list->empty())
      return draft_.problems.add(where, (list ? "is empty" : "is " + std::string(kind_of(value))) +
                                            "; write an array of texts, such as [\"articles/\"]");
    if (list->size() > prefixes_max)
      return draft_.problems.add(where, "has more than " + std::to_string(prefixes_max) + " prefixes");
    for (const auto& item : *list) {
      const auto place = at(line_of(item), "search.prefixes");
      std::optional<std::string> prefix;
      take(text_of(item, place), parse_prefix, place, prefix);
      if (prefix) draft_.shared.search.prefixes.push_back(*std::move(prefix));
    }
  }

  /// The same of [embedding].
  bool read_embedding(std::string_view key, const toml::node& value, const origin& where) {
    auto& embedding = draft_.shared.embedding;
    const auto text = [&] { return text_of(value, where); };
    if (key == "maker")
      take(text(), parse_maker, where, embedding.maker);
    else if (key == "metric")
      take(text(), parse_metric, where, embedding.metric);
    else if (key == "name")
      take(text(), parse_model_name, where, embedding.name);
    else if (key == "model_file")
      take(text(), parse_path, where, embedding.model_file);
    else if (key == "api_key_file")
      take(text(), parse_path, where, embedding.api_key_file);
    else if (key == "url")
      take(text(), parse_endpoint, where, embedding.url);
    else
      return false;
    return true;
  }

  /// A string value, or a problem and nothing.
  std::optional<std::string> text_of(const toml::node& value, const origin& where) {
    if (const auto* text = value.as_string()) return text->get();
    draft_.problems.add(where, "is " + std::string(kind_of(value)) + "; write text in quotes");
    return std::nullopt;
  }

  template <class Parse, class Into>
  void take(const std::optional<std::string>& text, Parse parse, const origin& where, Into& into) {
    if (!text) return;
    if (auto parsed = parse(*text); parsed)
      into = *std::move(parsed);
    else
      draft_.problems.add(where, parsed.error().detail);
  }

  void read_scalar(std::string_view section, std::string_view key, const toml::node& value,
                   const origin& where) {
    const auto row = std::ranges::find_if(
        scalar_settings(), [&](const setting& s) { return s.section == section && s.key == key; });
    const auto number = row->kind == quantity::flag       ? flag_of(value, where)
                        : row->kind == quantity::fraction ? thousandths_of(value, where)
                        : row->kind == quantity::count    ? count_of(value, where)
                                                          : with_unit(row->kind, value, where);
    if (!number) return;
    if (*number < row->least || *number > row->most) {
      draft_.problems.add(
          where, format_quantity(row->kind, *number) + " is out of range; it has to be from " +
                     format_quantity(row->kind, row->least) + " to " + format_quantity(row->kind, row->most));
      return;
    }
    row->set(draft_.shared, *number);
  }

  std::optional<std::uint64_t> count_of(const toml::node& value, const origin& where) {
    const auto* number = value.as_integer();
    if (number != nullptr && number->get() >= 0) return static_cast<std::uint64_t>(number->get());
    const auto what = number != nullptr ? "is negative" : "is " + std::string(kind_of(value));
    draft_.problems.add(where, what + "; write a whole number without quotes, such as 1000");
    return std::nullopt;
  }

  std::optional<std::uint64_t> flag_of(const toml::node& value, const origin& where) {
    if (const auto* flag = value.as_boolean()) return flag->get() ? 1 : 0;
    draft_.problems.add(where, "is " + std::string(kind_of(value)) + "; write true or false, without quotes");
    return std::nullopt;
  }

  std::optional<std::uint64_t> thousandths_of(const toml::node& value, const origin& where) {
    constexpr double most = 1e12; // far above every range, and exact in a double
    const auto number = value.is_number() ? value.value<double>() : std::nullopt;
    if (number && *number >= 0 && *number <= most) {
      const double scaled = *number * 1000;
      // A decimal number of three digits is within a rounding error of a whole number of thousandths.
      if (std::abs(scaled - std::round(scaled)) < 1e-6 * std::max(1.0, scaled))
        return static_cast<std::uint64_t>(std::llround(scaled));
    }
    const auto what = !number           ? "is " + std::string(kind_of(value))
                      : *number < 0     ? std::string("is negative")
                      : *number <= most ? std::string("has more than three digits behind the point")
                                        : std::string("is too large");
    draft_.problems.add(where, what + "; write a number without quotes, such as 0.75");
    return std::nullopt;
  }

  std::optional<std::uint64_t> with_unit(quantity kind, const toml::node& value, const origin& where) {
    const bool is_time = kind == quantity::time;
    const auto* text = value.as_string();
    if (text == nullptr) {
      draft_.problems.add(where, "is " + std::string(kind_of(value)) + "; write " +
                                     (is_time ? "a time with its unit in quotes, such as \"150ms\""
                                              : "a size with its unit in quotes, such as \"64MiB\""));
      return std::nullopt;
    }
    std::optional<std::uint64_t> number;
    if (is_time)
      take(text->get(), parse_duration_number, where, number);
    else
      take(text->get(), parse_size, where, number);
    return number;
  }

  static result<std::uint64_t> parse_duration_number(std::string_view text) {
    const auto time = parse_duration(text);
    if (!time) return time.error();
    return static_cast<std::uint64_t>(time->count());
  }

  void read_tls(const toml::table& table) {
    tls_settings tls;
    draft_.set_at.emplace("tls", at(line_of(table), "tls"));
    bool complete = true;
    each_known("tls", table, [&](std::string_view key, const toml::node& value) {
      const auto name = "tls." + std::string(key);
      const auto where = at(line_of(value), name);
      draft_.set_at.emplace(name, where);
      auto& field = key == "certificate" ? tls.certificate : key == "key" ? tls.key : tls.ca;
      take(text_of(value, where), parse_path, where, field);
    });
    for (auto key : key_names("tls")) {
      if (table.contains(key)) continue;
      complete = false;
      draft_.problems.add(draft_.where("tls"),
                          "has no " + std::string(key) +
                              "; certificate, key and ca belong together, all three or none");
    }
    if (complete) draft_.shared.tls = std::move(tls);
  }

  void read_nodes(const toml::node& node) {
    draft_.lists_nodes = true;
    const auto* list = node.as_array();
    if (list == nullptr) {
      draft_.problems.add(at(line_of(node), "node"), "write [[node]] in double brackets, once for each node");
      return;
    }
    if (list->size() > cluster_config::nodes_max)
      draft_.problems.add(at(line_of(node), "node"), "there are " + std::to_string(list->size()) +
                                                         " nodes; a cluster has at most " +
                                                         std::to_string(cluster_config::nodes_max));
    for (const auto& item : *list) {
      if (const auto* table = item.as_table())
        read_node(*table);
      else
        draft_.problems.add(at(line_of(item), "node"),
                            "write [[node]] in double brackets, once for each node");
    }
  }

  void read_node(const toml::table& table) {
    draft_node node;
    node.self = at(line_of(table), "node");
    each_known("node", table, [&](std::string_view key, const toml::node& value) {
      const auto where = at(line_of(value), "node." + std::string(key));
      const auto text = text_of(value, where);
      if (key == "id") {
        std::optional<std::string> name;
        take(text, parse_name, node.id_origin = where, name);
        if (name) node.id = node_id{*name};
      } else if (key == "peer") {
        take(text, parse_address, node.peer_origin = where, node.peer);
      } else if (key == "http") {
        take(text, parse_address, node.http_origin = where, node.http);
      } else {
        take(text, parse_path, node.data_dir_origin = where, node.data_dir);
      }
    });
    for (auto key : key_names("node"))
      if (!table.contains(key)) draft_.problems.add(node.self, "has no " + std::string(key));
    draft_.nodes.push_back(std::move(node));
  }

  draft& draft_;
};

/// The first line at which toml++ gives up on the text: the last one of the shortest run of lines on which it
/// does.
std::uint32_t line_of_surrender(std::string_view text) {
  std::vector<std::size_t> ends;
  for (auto at = text.find('\n'); at != std::string_view::npos; at = text.find('\n', at + 1))
    ends.push_back(at + 1);
  ends.push_back(text.size());
  // It reads from front to back, so once a run of lines makes it give up, every longer one does.
  const auto fine = [&](std::size_t end) {
    try {
      const auto ignored = toml::parse(text.substr(0, end));
      return true;
    } catch (const parser_gave_up&) {
      return false;
    }
  };
  const auto first = std::ranges::partition_point(ends, fine);
  return static_cast<std::uint32_t>(first - ends.begin()) + 1;
}

} // namespace

bool read_toml(std::string_view text, std::string_view file, draft& into) {
  into.file = std::string(file);
  if (text.size() > file_bytes_max) {
    into.problems.add({into.file}, "is longer than " + format_size(file_bytes_max));
    return false;
  }
  if (std::ranges::count(text, '.') > dots_max) {
    into.problems.add({into.file},
                      "has more than " + std::to_string(dots_max) + " dots, which no cluster file has");
    return false;
  }
  const auto refuse = [&](std::uint32_t line, std::string_view why) {
    into.problems.add({into.file + ":" + std::to_string(line), line}, "not TOML: " + printable(why));
    return false;
  };
  try {
    const auto parsed = toml::parse(text, file);
    if (!parsed)
      return refuse(static_cast<std::uint32_t>(parsed.error().source().begin.line),
                    parsed.error().description());
    reader(into).read_root(parsed.table());
  } catch (const parser_gave_up&) {
    return refuse(line_of_surrender(text), "there is something that cannot be a key");
  }
  return true;
}

} // namespace troupe::config
