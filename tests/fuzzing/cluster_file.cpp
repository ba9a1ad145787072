// The text of a cluster file: a configuration, or a list of lines that say what is wrong where.

#include "config/draft.hpp"
#include "config/load.hpp"
#include "tests/fuzzing/target.hpp"

#include <sstream>

namespace troupe::fuzzing {

namespace {

void check_lines(const std::string& detail) {
  std::istringstream lines(detail);
  std::size_t count = 0;
  for (std::string line; std::getline(lines, line); ++count) {
    const bool is_rest = line.starts_with("and ") && line.ends_with(" more");
    require(is_rest || line.starts_with("c.toml"), "a line says where");
    require(line.size() < 600, "a line can be read");
    for (char c : line)
      require(static_cast<unsigned char>(c) >= ' ', "a line is one line");
  }
  require(count > 0 && count <= config::problem_list::shown_max + 1, "the list is bounded");
}

void run(std::string_view input) {
  const auto parsed = config::parse_cluster(input, "c.toml");
  if (!parsed) {
    require(parsed.error().code == errc::invalid_argument,
            "what is wrong with a file is wrong with an argument");
    return check_lines(parsed.error().detail);
  }
  config::start_arguments flags;
  flags.config = "c.toml";
  flags.node = "n1";
  const auto none = [](const std::string&) { return std::optional<std::string>{}; };
  const auto read = [&](const std::string&) -> result<std::string> { return std::string(input); };
  if (auto node = config::load_node(flags, none, read))
    require(!config::describe(*node).empty(), "a configuration can be shown");
}

} // namespace

constinit const target cluster_file{"cluster_file", run};

} // namespace troupe::fuzzing
