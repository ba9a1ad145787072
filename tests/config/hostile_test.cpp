// Cluster files from nowhere: whatever the bytes are, the answer is a configuration or a list of lines.

#include "tests/config/support.hpp"

#include "config/draft.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>

namespace troupe::config {
namespace {

using testing::checkout_file;

void expect_an_answer(const std::string& text) {
  const auto parsed = parse_cluster(text, "c.toml");
  if (parsed) return;
  EXPECT_EQ(parsed.error().code, errc::invalid_argument);
  std::istringstream lines(parsed.error().detail);
  std::size_t count = 0;
  for (std::string line; std::getline(lines, line); ++count) {
    const bool is_rest = line.starts_with("and ") && line.ends_with(" more");
    EXPECT_TRUE(is_rest || line.starts_with("c.toml")) << line << "\nof\n" << text;
    EXPECT_LT(line.size(), 600u) << line;
    EXPECT_TRUE(std::ranges::none_of(line, [](char c) { return static_cast<unsigned char>(c) < ' '; }))
        << line;
  }
  EXPECT_GE(count, 1u);
  EXPECT_LE(count, problem_list::shown_max + 1);
}

std::uint64_t seed() {
  const char* given = std::getenv("TROUPE_SEED");
  return given ? std::strtoull(given, nullptr, 10) : 20261123u;
}

TEST(hostile_file, a_damaged_sample_is_never_more_than_an_error) {
  const std::string search =
      "\n[search]\nprefixes = [\"a/\", \"b\"]\nlanguage = \"german\"\nk1 = 0.9\nstop_words = false\n"
      "[embedding]\nmaker = \"http\"\nurl = \"http://h:1/v1/embeddings\"\nname = \"m\"\ndimension = 3\n"
      "metric = \"l2\"\n";
  const auto sample =
      checkout_file("deploy/cluster-tls.toml") + checkout_file("deploy/cluster.toml").substr(0, 300) + search;
  ASSERT_GT(sample.size(), 300u + search.size());
  std::mt19937_64 random(seed());
  SCOPED_TRACE("TROUPE_SEED=" + std::to_string(seed()));
  constexpr std::string_view bytes = "[]{}\"'=.,#\n\\ 0159aeinmsKMGiB-_\x00\x7f\xff\xc3";
  for (int round = 0; round < 3000; ++round) {
    auto text = sample;
    const auto edits = 1 + random() % 4;
    for (std::uint64_t i = 0; i < edits; ++i) {
      const auto at = random() % text.size();
      switch (random() % 4) {
      case 0: text[at] = bytes[random() % bytes.size()]; break;
      case 1: text.erase(at, 1 + random() % 40); break;
      case 2: text.insert(at, 1, bytes[random() % bytes.size()]); break;
      default: text.insert(at, text.substr(random() % text.size(), 60)); break;
      }
      if (text.empty()) text = "x";
    }
    expect_an_answer(text);
    if (HasFailure()) return;
  }
}

/// Found by fuzzing: toml++ takes some of these for blanks that cannot be.
TEST(hostile_file, any_character_may_stand_where_a_key_begins) {
  for (unsigned c = 0x80; c <= 0xffff; c += c < 0x600 ? 1 : 0x3b) {
    std::string text =
        c < 0x800 ? std::string{static_cast<char>(0xc0 | c >> 6)}
                  : std::string{static_cast<char>(0xe0 | c >> 12), static_cast<char>(0x80 | (c >> 6 & 0x3f))};
    text.push_back(static_cast<char>(0x80 | (c & 0x3f)));
    expect_an_answer("\n" + text);
    expect_an_answer("[" + text + "]\na = " + text);
  }
}

TEST(hostile_file, every_prefix_of_a_sample_has_an_answer) {
  const auto sample = checkout_file("deploy/cluster.toml");
  for (std::size_t length = 0; length <= sample.size(); ++length)
    expect_an_answer(sample.substr(0, length));
}

TEST(hostile_file, depth_and_length_are_bounded) {
  expect_an_answer("a = " + std::string(100'000, '['));
  expect_an_answer("a = " + std::string(200'000, '{'));
  for (int dots : {4'000, 4'001, 400'000}) {
    std::string dotted = "a";
    for (int i = 0; i < dots; ++i)
      dotted += ".a";
    expect_an_answer(dotted + " = 1");
    expect_an_answer("[" + dotted + "]");
  }
  expect_an_answer("[" + std::string(900'000, 'k') + "]\n");
  expect_an_answer("[raft]\n" + std::string(900'000, 'k') + " = 1\n");
  expect_an_answer("[[node]]\nid = \"" + std::string(900'000, 'n') + "\"\n");
  expect_an_answer("[raft]\ntick = \"" + std::string(900'000, '9') + "ms\"\n");
  std::string many;
  for (int i = 0; i < 40'000; ++i)
    many += "[[node]]\n";
  expect_an_answer(many);
  expect_an_answer("[raft]\n\"a\\nb\" = 1\n\"\\u0000\" = 2\n\"\" = 3\n");
}

TEST(hostile_start_line, any_flags_and_variables_have_an_answer) {
  using f = start_arguments;
  constexpr std::optional<std::string> f::*flags[] = {&f::node,      &f::host,    &f::port,  &f::peer_host,
                                                      &f::peer_port, &f::node_id, &f::peers, &f::data_dir};
  constexpr const char* variables[] = {"DB_PORT", "DB_DATA_DIR", "DB_NODE_ID", "DB_PEERS"};
  constexpr std::string_view pieces[] = {
      "http://", "localhost", ":",           "8000",  "8001",
      ",",       "/",         "?peer_port=", "[::1]", "10.0.0.2",
      "n1",      "%00",       "@",           "#",     " ",
      "\n",      "\xff",      "0.0.0.0",     "-",     "999999999999999999999",
      "::",      "http:"};
  std::mt19937_64 random(seed());
  SCOPED_TRACE("TROUPE_SEED=" + std::to_string(seed()));
  const auto text = [&] {
    std::string out;
    for (auto n = random() % 6; n > 0; --n)
      out += pieces[random() % std::size(pieces)];
    return out;
  };
  std::size_t accepted = 0;
  for (int round = 0; round < 5000; ++round) {
    testing::start s;
    for (auto flag : flags)
      if (random() % 6 == 0) s.flags.*flag = text();
    for (auto* name : variables)
      if (random() % 6 == 0) s.variables[name] = text();
    const auto node = s.load();
    if (node) {
      ++accepted;
      EXPECT_FALSE(describe(*node).empty());
      EXPECT_EQ(node->others().size() + 1, node->members.size());
      continue;
    }
    std::istringstream lines(node.error().detail);
    for (std::string line; std::getline(lines, line);)
      ASSERT_TRUE(line.starts_with("--") || line.starts_with("DB_")) << line;
  }
  EXPECT_GT(accepted, 0u) << "the pieces no longer make any start line that works";
}

} // namespace
} // namespace troupe::config
