// [search] and [embedding]: what is no number, and what belongs together.

#include "tests/config/support.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace troupe::config {
namespace {

using ::testing::HasSubstr;
using testing::problems_of;

settings of(const std::string& text) {
  const auto parsed = parse_cluster(text, "c.toml");
  EXPECT_TRUE(parsed) << parsed.error().detail;
  return parsed ? static_cast<const settings&>(*parsed) : settings{};
}

TEST(search_settings, are_read) {
  const auto search =
      of("[search]\ntext = false\nprefixes = [\"a/\", \"b\"]\nlanguage = \"german\"\nk1 = 0.9\nb = 1\n"
         "value_bytes = \"64KiB\"\nhnsw_search_breadth = 100\n")
          .search;
  EXPECT_FALSE(search.text);
  EXPECT_TRUE(search.vectors);
  EXPECT_EQ(search.prefixes, (std::vector<std::string>{"a/", "b"}));
  EXPECT_EQ(search.language, "german");
  EXPECT_EQ(search.k1, 0.9);
  EXPECT_EQ(search.b, 1.0);
  EXPECT_EQ(search.value_bytes, 64u * 1024);
  EXPECT_EQ(search.hnsw_search_breadth, 100u);
}

TEST(search_settings, a_cluster_without_a_model_is_the_default) {
  EXPECT_EQ(of("").embedding.maker, embedding_maker::none);
}

TEST(search_settings, each_maker_has_its_keys) {
  const auto builtin = of("[embedding]\nmaker = \"builtin\"\nmodel_file = \"m\"\n").embedding;
  EXPECT_EQ(builtin.maker, embedding_maker::builtin);
  EXPECT_EQ(builtin.model_file, "m");
  const auto client =
      of("[embedding]\nmaker = \"client\"\nname = \"mine@2\"\ndimension = 3\nmetric = \"inner_product\"\n")
          .embedding;
  EXPECT_EQ(client.maker, embedding_maker::client);
  EXPECT_EQ(client.name, "mine@2");
  EXPECT_EQ(client.dimension, 3u);
  EXPECT_EQ(client.metric, embedding_metric::inner_product);
  const auto http = of("[embedding]\nmaker = \"http\"\nurl = \"http://[::1]:9/v1/embeddings\"\nname = \"m\"\n"
                       "dimension = 8\napi_key_file = \"k\"\ntimeout = \"1s\"\nretries = 0\n")
                        .embedding;
  EXPECT_EQ(http.maker, embedding_maker::http);
  EXPECT_EQ(http.url, "http://[::1]:9/v1/embeddings");
  EXPECT_EQ(http.api_key_file, "k");
  EXPECT_EQ(http.timeout, milliseconds{1000});
  EXPECT_EQ(http.retries, 0u);
}

TEST(search_settings, mistakes_are_named) {
  const std::pair<std::string, std::string> cases[] = {
      {"[search]\nlanguage = \"englsh\"\n",
       "c.toml:2: search.language: \"englsh\" is not a language with a stemmer"},
      {"[search]\nlanguage = \"englsh\"\n", "(did you mean \"english\"?)"},
      {"[search]\nlanguage = 1\n", "c.toml:2: search.language: is a bare number; write text in quotes"},
      {"[search]\nprefixes = \"a/\"\n", "c.toml:2: search.prefixes: is a string; write an array of texts"},
      {"[search]\nprefixes = []\n", "search.prefixes: is empty; write an array of texts"},
      {"[search]\nprefixes = [\n\"a\",\n\"\"]\n",
       "c.toml:4: search.prefixes: an empty prefix is that of all keys"},
      {"[search]\nprefixes = [1]\n", "c.toml:2: search.prefixes: is a bare number; write text in quotes"},
      {"[search]\ntexts = true\n", "c.toml:2: search.texts: there is no such key; did you mean \"text\"?"},
      {"[search]\nlanguage = \"french\"\nstop_words = true\n",
       "c.toml:3: search.stop_words: there is a list of stop words for \"english\" only"},
      {"[search]\nb = 1.5\n", "c.toml:2: search.b: 1.5 is out of range; it has to be from 0 to 1"},
      {"[search]\nmaker = \"http\"\n", "c.toml:2: search.maker: does not belong here but in [embedding]"},
      {"[embedding]\nmaker = \"built-in\"\n",
       "c.toml:2: embedding.maker: \"built-in\" is not a maker of vectors; "
       "use none, builtin, client or http (did you mean \"builtin\"?)"},
      {"[embedding]\nmaker = \"builtin\"\n", "c.toml:2: embedding.maker: \"builtin\" needs model_file"},
      {"[embedding]\nmaker = \"builtin\"\nmodel_file = \"m\"\nurl = \"http://h\"\n",
       "c.toml:4: embedding.url: belongs to maker = \"http\", and maker is \"builtin\""},
      {"[embedding]\ndimension = 3\n",
       "c.toml:2: embedding.dimension: belongs to maker = \"client\" or \"http\", and maker is \"none\""},
      {"[embedding]\nmaker = \"client\"\n", "c.toml:2: embedding.maker: \"client\" needs name"},
      {"[embedding]\nmaker = \"client\"\nname = \"m\"\n",
       "c.toml:2: embedding.maker: \"client\" needs dimension"},
      {"[embedding]\nmaker = \"http\"\nname = \"m\"\ndimension = 3\n", "embedding.maker: \"http\" needs url"},
      {"[embedding]\ndimension = 4097\n",
       "embedding.dimension: 4097 is out of range; it has to be from 1 to 4096"},
      {"[embedding]\nmetric = \"euclid\"\n",
       "\"euclid\" is not a way to compare vectors; use cosine, inner_product or l2"},
      {"[embedding]\nname = \"\"\n", "c.toml:2: embedding.name: is empty"},
      {"[embedding]\nname = \"" + std::string(129, 'n') + "\"\n", "is longer than 128 bytes"},
      {"[embedding]\nurl = \"h:80\"\n",
       "embedding.url: \"h:80\" is not an http or https URL; write the address"},
      {"[embedding]\nurl = \"http://\"\n", "has no host"},
      {"[embedding]\nurl = \"http://me:secret@h/\"\n",
       "has a user name in it, and keys belong in api_key_file"},
      {"[embedding]\nurl = \"a b\"\n", "is not a URL"},
  };
  for (const auto& [text, problem] : cases)
    EXPECT_THAT(problems_of(text), HasSubstr(problem)) << text;
}

TEST(search_settings, a_wrong_maker_is_not_held_against_other_keys) {
  EXPECT_THAT(problems_of("[embedding]\nmaker = \"x\"\nurl = \"http://h\"\n"),
              ::testing::Not(HasSubstr("belongs")));
}

} // namespace
} // namespace troupe::config
