#include "tests/sim/scenario.hpp"

#include <toml++/toml.h>

#include <algorithm>
#include <filesystem>
#include <functional>

namespace troupe::simulation {

namespace {

error wrong(const std::string& path, const toml::node& node, const std::string& what) {
  return {errc::invalid_argument, path + ":" + std::to_string(node.source().begin.line) + ": " + what};
}

using table_of_numbers = std::map<std::string, std::int64_t>;

/// Reads one key after the other and notes the first thing that is wrong.
class reader {
public:
  explicit reader(std::string path) : path_(std::move(path)) {}

  result<scenario> read(const toml::table& root) {
    scenario s;
    s.name = std::filesystem::path(path_).stem().string();
    for (auto& [key, node] : root) {
      auto name = std::string(key.str());
      if (name == "about")
        s.about = node.value_or(std::string{});
      else if (name == "sizes")
        numbers(node, s.sizes);
      else if (name == "searches")
        s.searches = node.value_or(false);
      else if (name == "leases")
        s.leases = node.value_or(false);
      else if (name == "tight")
        s.tight = node.value_or(false);
      else if (name == "workload")
        weights(node, workload_kinds(), s.workload);
      else if (name == "faults")
        weights(node, fault_kinds(), s.faults);
      else if (auto* at = number_called(s, name))
        number(node, *at);
      else
        note(node, "unknown key " + name);
    }
    if (problem_) return *problem_;
    if (s.about.empty() || s.workload.empty() || s.sizes.empty())
      return error{errc::invalid_argument, path_ + ": about, sizes and workload are needed"};
    return s;
  }

private:
  static std::int64_t* number_called(scenario& s, const std::string& name) {
    if (name == "spares") return &s.spares;
    if (name == "storm_ms") return &s.storm_ms;
    if (name == "clients") return &s.clients;
    if (name == "pace_ms") return &s.pace_ms;
    if (name == "filling_bytes") return &s.filling_bytes;
    return nullptr;
  }
  void note(const toml::node& node, const std::string& what) {
    if (!problem_) problem_ = wrong(path_, node, what);
  }
  void number(const toml::node& node, std::int64_t& into) {
    auto value = node.value<std::int64_t>();
    if (!value || *value < 0 || *value > 10'000'000) return note(node, "a number is expected");
    into = *value;
  }
  void numbers(const toml::node& node, std::vector<std::int64_t>& into) {
    auto* array = node.as_array();
    if (!array || array->empty()) return note(node, "an array of numbers is expected");
    into.clear();
    for (auto& item : *array)
      number(item, into.emplace_back());
  }
  void weights(const toml::node& node, const std::vector<std::string>& known, table_of_numbers& into) {
    auto* table = node.as_table();
    if (!table) return note(node, "a table is expected");
    for (auto& [key, value] : *table) {
      auto name = std::string(key.str());
      if (std::find(known.begin(), known.end(), name) == known.end()) note(value, "unknown kind " + name);
      number(value, into[name]);
    }
  }

  std::string path_;
  std::optional<error> problem_;
};

} // namespace

result<scenario> read_scenario(const std::string& path) {
  try {
    auto root = toml::parse_file(path);
    return reader{path}.read(root);
  } catch (const toml::parse_error& e) {
    return error{errc::invalid_argument,
                 path + ":" + std::to_string(e.source().begin.line) + ": " + std::string(e.description())};
  }
}

result<std::vector<scenario>> read_scenarios(const std::string& folder) {
  std::vector<std::string> paths;
  std::error_code failed;
  for (auto& file : std::filesystem::directory_iterator(folder, failed))
    if (file.path().extension() == ".toml") paths.push_back(file.path().string());
  if (failed) return error{errc::not_found, folder + ": " + failed.message()};
  std::sort(paths.begin(), paths.end());
  std::vector<scenario> out;
  for (auto& path : paths) {
    auto read = read_scenario(path);
    if (!read) return read.error();
    out.push_back(std::move(*read));
  }
  return out;
}

} // namespace troupe::simulation
