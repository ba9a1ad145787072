// The samples in deploy/ work, and docs/configuration.md says what the parser knows.

#include "tests/config/support.hpp"

#include "config/schema.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace troupe::config {
namespace {

using testing::checkout_file;
using ::testing::HasSubstr;
using testing::start;

start start_of(const std::string& path, std::optional<std::string> node) {
  start s;
  s.flags.config = path;
  s.flags.node = std::move(node);
  s.files[path] = checkout_file(path);
  return s;
}

TEST(samples, the_cluster_is_that_of_the_quickstart) {
  for (int i = 0; i < 3; ++i) {
    const auto id = "n" + std::to_string(i + 1);
    const auto node = start_of("deploy/cluster.toml", id).load();
    ASSERT_TRUE(node) << node.error().detail;
    EXPECT_EQ(node->http, (address{"127.0.0.1", static_cast<std::uint16_t>(8000 + i)}));
    EXPECT_EQ(node->peer, (address{"127.0.0.1", static_cast<std::uint16_t>(7000 + i)}));
    EXPECT_EQ(node->data_dir, "./troupe-data/" + id);
    EXPECT_FALSE(node->tls);
  }
}

TEST(samples, the_cluster_spells_out_defaults) {
  const auto parsed = parse_cluster(checkout_file("deploy/cluster.toml"), "deploy/cluster.toml");
  ASSERT_TRUE(parsed) << parsed.error().detail;
  settings expected;
  expected.embedding = parsed->embedding;
  EXPECT_EQ(static_cast<const settings&>(*parsed), expected);
}

TEST(samples, those_for_one_machine_search_by_meaning) {
  for (auto path : {"deploy/cluster.toml", "deploy/single.toml"}) {
    const auto parsed = parse_cluster(checkout_file(path), path);
    ASSERT_TRUE(parsed) << parsed.error().detail;
    EXPECT_EQ(parsed->embedding.maker, embedding_maker::builtin);
    EXPECT_EQ(parsed->embedding.model_file, "./troupe-data/use-lite-en.troupe-model");
  }
}

TEST(samples, the_tls_cluster_has_a_certificate_a_node) {
  const auto node = start_of("deploy/cluster-tls.toml", "n2").load();
  ASSERT_TRUE(node) << node.error().detail;
  EXPECT_EQ(node->tls, (tls_settings{"/etc/troupe/n2.pem", "/etc/troupe/n2-key.pem", "/etc/troupe/ca.pem"}));
  EXPECT_EQ(node->peer.to_string(), "10.0.0.2:7000");
}

TEST(samples, the_single_node_needs_no_name) {
  const auto node = start_of("deploy/single.toml", {}).load();
  ASSERT_TRUE(node) << node.error().detail;
  EXPECT_EQ(node->members.size(), 1u);
}

/// The line of a Markdown table whose first cell is `key`, below the heading of the key's section.
std::string row_of(const std::string& document, std::string_view section, std::string_view key) {
  const auto heading = section == "node" ? "\n## `[[node]]`" : "\n## `[" + std::string(section) + "]`";
  const auto begin = document.find(heading);
  if (begin == std::string::npos) return {};
  const auto end = document.find("\n## ", begin + 1);
  const auto part = document.substr(begin, end == std::string::npos ? end : end - begin);
  const auto row = part.find("\n| `" + std::string(key) + "` |");
  return row == std::string::npos ? std::string{} : part.substr(row + 1, part.find('\n', row + 1) - row - 1);
}

TEST(documentation, explains_every_key) {
  const auto document = checkout_file("docs/configuration.md");
  ASSERT_FALSE(document.empty());
  for (auto section : section_names())
    for (auto key : key_names(section))
      EXPECT_NE(row_of(document, section, key), "") << section << "." << key;
}

TEST(documentation, states_every_default_and_range) {
  const auto document = checkout_file("docs/configuration.md");
  const settings defaults;
  for (const auto& row : scalar_settings()) {
    const auto shown = [&](std::uint64_t value) {
      const auto text = format_quantity(row.kind, value);
      return is_quoted(row.kind) ? "`\"" + text + "\"`" : "`" + text + "`";
    };
    const auto fallback = row.get(defaults) < row.least ? "none" : shown(row.get(defaults));
    const auto between = row.kind == quantity::flag ? " or " : " to ";
    EXPECT_THAT(row_of(document, row.section, row.key),
                HasSubstr("| " + fallback + " | " + shown(row.least) + between + shown(row.most) + " |"));
  }
}

TEST(documentation, has_no_key_that_the_parser_does_not_know) {
  std::istringstream document(checkout_file("docs/configuration.md"));
  std::string section;
  for (std::string line; std::getline(document, line);) {
    if (line.starts_with("## ")) section.clear();
    if (line.starts_with("## `[")) {
      const auto begin = line.find_first_not_of('[', line.find('['));
      section = line.substr(begin, line.find(']') - begin);
    } else if (line.starts_with("| `") && !section.empty()) {
      const auto key = line.substr(3, line.find('`', 3) - 3);
      const auto known = key_names(section);
      EXPECT_NE(std::find(known.begin(), known.end(), key), known.end()) << section << "." << key;
    }
  }
}

TEST(documentation, names_every_variable_and_flag) {
  const auto document = checkout_file("docs/configuration.md");
  for (auto name :
       {"--config", "--node", "--host", "--port", "--peer-host", "--peer-port", "--node-id", "--peers",
        "--data-dir", "--log-level", "--check-config", "DB_PORT", "DB_DATA_DIR", "DB_NODE_ID", "DB_PEERS"})
    EXPECT_THAT(document, HasSubstr("`" + std::string(name)));
}

} // namespace
} // namespace troupe::config
