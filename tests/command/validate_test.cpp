#include "command/codec.hpp"
#include "command/limits.hpp"
#include "tests/command/samples.hpp"

#include <gtest/gtest.h>

namespace troupe {
namespace {

constexpr command_bounds bounds{.key_bytes_max = 8, .value_bytes_max = 16, .command_bytes_max = 256};

command with(transaction t) {
  return {{}, {}, std::move(t)};
}
command putting(std::string key, std::string value) {
  return with({{}, {put_operation{std::move(key), blob{value}, media_type::bytes}}, {}});
}

void expect_refused(const command& c, errc code, std::string_view naming) {
  auto r = validate(c, bounds);
  ASSERT_FALSE(r);
  EXPECT_EQ(r.error().code, code) << r.error().detail;
  EXPECT_NE(r.error().detail.find(naming), std::string::npos) << r.error().detail;
}

TEST(validate, accepts_what_is_within_the_bounds) {
  for (auto& c : samples::commands())
    EXPECT_TRUE(validate(c, bounds));
  EXPECT_TRUE(validate(putting(std::string(8, 'k'), std::string(16, 'v')), bounds));
}

TEST(validate, names_the_key_at_fault) {
  expect_refused(putting("", "v"), errc::invalid_argument, "empty");
  expect_refused(putting("123456789", "v"), errc::too_large, "\"123456789\"");
  expect_refused(putting("k\n\xff", std::string(17, 'v')), errc::too_large, "\"k\\x0a\\xff\"");
  expect_refused(with({{{"123456789", {}, {}, {}, 0}}, {}, {}}), errc::too_large, "\"123456789\"");
  expect_refused(with({{{"c", {}, {}, blob{std::string(17, 'v')}, 0}}, {}, {}}), errc::too_large, "\"c\"");
  expect_refused(with({{}, {}, {get_operation{""}}}), errc::invalid_argument, "empty");
}

TEST(validate, bounds_the_whole) {
  transaction many;
  for (int i = 0; i < 20; ++i)
    many.success.push_back(put_operation{"k", blob{std::string(16, 'v')}, {}});
  expect_refused(with(many), errc::too_large, "256");
  many.success.assign(limits::operations_max + 1, get_operation{"k"});
  expect_refused(with(many), errc::too_large, "100000");
}

TEST(validate, checks_the_stamps) {
  command c = putting("k", "v");
  c.session = session_stamp{session_id{0}, sequence_t{1}, sequence_t{1}};
  expect_refused(c, errc::invalid_argument, "start at 1");
  c.session = session_stamp{session_id{1}, sequence_t{2}, sequence_t{3}};
  expect_refused(c, errc::invalid_argument, "lowest");
  c.session.reset();
  c.idempotency = idempotency_stamp{"", 0, 0};
  expect_refused(c, errc::invalid_argument, "255");
  c.idempotency = idempotency_stamp{std::string(256, 'i'), 0, 0};
  expect_refused(c, errc::invalid_argument, "255");
}

TEST(validate, looks_at_annotations_and_models) {
  constexpr command_bounds wide{.key_bytes_max = 8, .value_bytes_max = 16, .command_bytes_max = 1 << 20};
  for (auto& c : samples::embedding_commands())
    EXPECT_TRUE(validate(c, wide));
  auto annotating = [](std::string key, annotation_outcome o, blob vectors) {
    return with({{}, {annotate_operation{std::move(key), {}, {}, o, std::move(vectors)}}, {}});
  };
  auto good = encode_vectors(samples::some_vectors());
  expect_refused(annotating("", annotation_outcome::embedded, good), errc::invalid_argument, "empty");
  expect_refused(annotating("123456789", annotation_outcome::embedded, good), errc::too_large, "123456789");
  expect_refused(annotating("k", annotation_outcome::failed, good), errc::invalid_argument, "\"k\"");
  expect_refused(annotating("k", annotation_outcome::embedded, {}), errc::invalid_argument, "\"k\"");
  expect_refused(annotating("k", annotation_outcome::embedded, blob{std::string(2'000'000, '\0')}),
                 errc::too_large, "2000000");
  // A whole command counts, vectors included.
  auto large = encode_vectors({{{0, 1}}, std::vector<float>(100)});
  expect_refused(annotating("k", annotation_outcome::embedded, large), errc::too_large, "256");
  auto setting = [](vector_maker maker, std::string name, std::uint32_t dimension) {
    return command{{}, {}, set_embedding{{maker, std::move(name), dimension, {}}}};
  };
  EXPECT_TRUE(validate(setting(vector_maker::client, "m", limits::vector_dimension_max), bounds));
  EXPECT_TRUE(validate(setting(vector_maker::none, "", 0), bounds));
  expect_refused(setting(vector_maker::client, std::string(129, 'm'), 3), errc::too_large, "128");
  expect_refused(setting(vector_maker::client, "m", 0), errc::invalid_argument, "4096");
  expect_refused(setting(vector_maker::http, "m", 4097), errc::invalid_argument, "4096");
  expect_refused(setting(vector_maker::none, "", 3), errc::invalid_argument, "is 0");
}

TEST(prefix_end, is_the_first_key_behind_the_prefix) {
  EXPECT_EQ(prefix_end("user/"), "user0");
  EXPECT_EQ(prefix_end("a\xff\xff"), "b");
  EXPECT_EQ(prefix_end("\xff\xff"), "");
  EXPECT_EQ(prefix_end(""), "");
  EXPECT_EQ(prefix_end(std::string(1, '\0')), "\x01");
}

TEST(may_grow, looks_at_both_branches_and_at_vectors) {
  auto of = [](std::vector<operation> success, std::vector<operation> failure = {}) {
    return may_grow({{}, {}, transaction{{}, std::move(success), std::move(failure)}});
  };
  annotate_operation vectors{"k", {}, {}, annotation_outcome::embedded, blob{"vectors"}};
  annotate_operation none{"k", {}, {}, annotation_outcome::skipped, {}};
  EXPECT_TRUE(of({put_operation{"k", {}, {}}}));
  EXPECT_TRUE(of({delete_operation{"k"}}, {put_operation{"k", {}, {}}}));
  EXPECT_TRUE(of({vectors}));
  EXPECT_FALSE(of({none}));
  EXPECT_FALSE(of({}));
  EXPECT_FALSE(of({delete_operation{"k"}, get_operation{"k"}}, {delete_operation{"j"}}));
  EXPECT_FALSE(may_grow({{}, {}, open_session{}}));
  EXPECT_FALSE(may_grow({{}, {}, compact_history{}}));
  EXPECT_FALSE(may_grow({{}, {}, set_memory_alarm{true}}));
}

} // namespace
} // namespace troupe
