#include "config/load.hpp"
#include "config/schema.hpp"

namespace troupe::config {
namespace {

std::string toml_text(std::string_view text) {
  std::string out = "\"";
  for (char c : text) {
    if (static_cast<unsigned char>(c) < ' ' || c == '\x7f') {
      constexpr std::string_view digits = "0123456789ABCDEF";
      out.append("\\u00") += digits[static_cast<unsigned char>(c) >> 4];
      out += digits[static_cast<unsigned char>(c) & 15];
      continue;
    }
    if (c == '"' || c == '\\') out += '\\';
    out += c;
  }
  return out + '"';
}

std::string toml_number(const setting& row, const settings& from) {
  const auto number = format_quantity(row.kind, row.get(from));
  return is_quoted(row.kind) ? toml_text(number) : number;
}

void append_scalar(std::string& out, const setting& row, const settings& all) {
  const settings defaults;
  out.append(row.key).append(" = ").append(toml_number(row, all));
  if (row.get(all) != row.get(defaults) && row.get(defaults) >= row.least)
    out.append("  # default ").append(toml_number(row, defaults));
  out += '\n';
}

std::string words_of(const search_settings& search) {
  std::string prefixes;
  for (const auto& prefix : search.prefixes)
    prefixes += (prefixes.empty() ? "" : ", ") + toml_text(prefix);
  return "language = " + toml_text(search.language) + "\n" +
         (prefixes.empty() ? "# prefixes: all keys\n" : "prefixes = [" + prefixes + "]\n");
}

/// All but [embedding], of which only the maker's own keys may be said.
std::string scalars_of(const settings& all) {
  std::string out;
  std::string_view section;
  for (const auto& row : scalar_settings()) {
    if (row.section == "embedding") continue;
    if (row.section != section) {
      out.append("\n[").append(section = row.section).append("]\n");
      if (section == "search") out += words_of(all.search);
    }
    append_scalar(out, row, all);
  }
  return out;
}

std::string embedding_of(const settings& all) {
  using enum embedding_maker;
  const auto& e = all.embedding;
  std::string out = "\n[embedding]\nmaker = " + toml_text(to_string(e.maker)) + "\n";
  const auto text = [&](std::string_view key, std::string_view value) {
    out.append(key).append(" = ").append(toml_text(value)) += '\n';
  };
  if (e.maker == builtin) text("model_file", e.model_file);
  if (e.maker == http) text("url", e.url);
  if (e.maker == http && !e.api_key_file.empty()) text("api_key_file", e.api_key_file);
  if (e.maker == client || e.maker == http) {
    text("name", e.name);
    text("metric", to_string(e.metric));
  }
  for (const auto& row : scalar_settings()) {
    const bool own = row.key == "replace" || e.maker == http || (e.maker == client && row.key == "dimension");
    if (row.section == "embedding" && own) append_scalar(out, row, all);
  }
  return out;
}

} // namespace

std::string describe(const node_config& config) {
  std::string out = "# node " + config.id.name + " of cluster " + config.cluster_name + ", " +
                    (config.source.empty() ? std::string("without a file") : "from " + config.source) + "\n";
  out += "# HTTP " + config.http.to_string() + ", peers " + config.peer.to_string() + ", data " +
         toml_text(config.data_dir) + "\n";
  for (const auto& m : config.members)
    out += "# member " + (m.id ? m.id->name : std::string("(id not known yet)")) + ": peer " +
           m.peer.to_string() + ", HTTP " + m.http.to_string() +
           (m.peer == config.peer ? " (this node)\n" : "\n");
  for (const auto& notice : config.notices)
    out += "# notice: " + notice + "\n";
  out += "\n[cluster]\nname = " + toml_text(config.cluster_name) + "\n";
  out += scalars_of(config);
  out += embedding_of(config);
  out += "\n[log]\nlevel = " + toml_text(to_string(config.log.level)) + "\n";
  out += config.log.file.empty() ? "# file: standard error\n" : "file = " + toml_text(config.log.file) + "\n";
  if (config.tls)
    out += "\n[tls]\ncertificate = " + toml_text(config.tls->certificate) +
           "\nkey = " + toml_text(config.tls->key) + "\nca = " + toml_text(config.tls->ca) + "\n";
  else
    out += "\n# no [tls]: peers are on this machine\n";
  return out;
}

} // namespace troupe::config
