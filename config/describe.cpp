#include "config/load.hpp"
#include "config/schema.hpp"

namespace troupe::config {
namespace {

std::string toml_text(std::string_view text) {
  std::string out = "\"";
  for (char c : text) {
    if (c == '"' || c == '\\') out += '\\';
    out += c;
  }
  return out + '"';
}

std::string toml_number(const setting& row, const settings& from) {
  const auto number = format_quantity(row.kind, row.get(from));
  return row.kind == quantity::count ? number : toml_text(number);
}

std::string numbers_of(const settings& all) {
  const settings defaults;
  std::string out;
  std::string_view section;
  for (const auto& row : number_settings()) {
    if (row.section != section) out.append("\n[").append(section = row.section).append("]\n");
    out.append(row.key).append(" = ").append(toml_number(row, all));
    if (row.get(all) != row.get(defaults)) out.append("  # default ").append(toml_number(row, defaults));
    out += '\n';
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
  out += numbers_of(config);
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
