#include "command/codec.hpp"

#include "command/archive.hpp"
#include "command/limits.hpp"
#include "tests/command/samples.hpp"

#include <gtest/gtest.h>

#include <chrono>
#include <cstdio>
#include <limits>

namespace troupe {
namespace {

std::string hex(std::string_view bytes) {
  std::string out;
  char digits[3];
  for (unsigned char c : bytes) {
    std::snprintf(digits, sizeof digits, "%02x", c);
    out += digits;
  }
  return out;
}

TEST(command_codec, gives_back_every_kind_of_command) {
  auto all = samples::commands();
  for (auto& c : samples::embedding_commands())
    all.push_back(c);
  for (auto& c : all) {
    auto bytes = encode_command(c);
    EXPECT_EQ(bytes.size(), encoded_size(c));
    auto back = decode_command(bytes.view());
    ASSERT_TRUE(back) << back.error().detail;
    EXPECT_EQ(*back, c);
  }
}

TEST(command_codec, gives_back_batches_and_results) {
  auto requests = decode_requests(encode_requests(samples::requests()));
  ASSERT_TRUE(requests) << requests.error().detail;
  EXPECT_EQ(*requests, samples::requests());
  auto answers = decode_answers(encode_answers(samples::answers()));
  ASSERT_TRUE(answers) << answers.error().detail;
  EXPECT_EQ(*answers, samples::answers());
  auto encoded = encode_result(samples::some_result());
  EXPECT_EQ(encoded.size(), encoded_size(samples::some_result()));
  auto result = decode_result(encoded);
  ASSERT_TRUE(result) << result.error().detail;
  EXPECT_EQ(*result, samples::some_result());
}

// clang-format off: one line a part
// These bytes are in logs and snapshots. If a change breaks this test, it needs a new format version.
TEST(command_codec, pins_the_format_of_commands) {
  command put{
      .session = session_stamp{session_id{5}, sequence_t{6}, sequence_t{4}},
      .idempotency = idempotency_stamp{"id", 1, 2},
      .body = transaction{.compares = {{"c", compare_target::exists, compare_op::equal, {}, 1}},
                          .success = {put_operation{"k", blob{"v"}, media_type::text}, delete_operation{"d"}},
                          .failure = {get_operation{"g"}}}};
  EXPECT_EQ(hex(encode_command(put).view()),
            "01" // version
            "01"
            "0500000000000000"
            "0600000000000000"
            "0400000000000000" // session
            "01"
            "02000000"
            "6964"
            "0100000000000000"
            "0200000000000000" // idempotency
            "00"               // transaction
            "01000000"
            "01000000"
            "63"
            "04"
            "00"
            "00000000"
            "0100000000000000" // compares
            "02000000"
            "00"
            "01000000"
            "6b"
            "01000000"
            "76"
            "01"
            "01"
            "01000000"
            "64" // put, delete
            "01000000"
            "02"
            "01000000"
            "67"); // get
  EXPECT_EQ(hex(encode_command({{}, {}, open_session{}}).view()), "01"
                                                                  "00"
                                                                  "00"
                                                                  "01");
  EXPECT_EQ(hex(encode_command({{}, {}, close_session{session_id{7}}}).view()), "01"
                                                                                "00"
                                                                                "00"
                                                                                "02"
                                                                                "0700000000000000");
  EXPECT_EQ(hex(encode_command({{}, {}, compact_history{revision_t{8}}}).view()), "01"
                                                                                  "00"
                                                                                  "00"
                                                                                  "03"
                                                                                  "0800000000000000");
}

TEST(command_codec, pins_the_format_of_embedding) {
  command annotating{
      {},
      {},
      transaction{{},
                  {annotate_operation{"k", revision_t{7}, model_id{3}, annotation_outcome::embedded,
                                      encode_vectors({{{1, 4}}, {1.0f, -2.0f}})}},
                  {annotate_operation{"x", {}, {}, annotation_outcome::skipped, {}}}}};
  EXPECT_EQ(hex(encode_command(annotating).view()),
            "02" // version
            "00"
            "00"
            "00"
            "00000000" // stamps, transaction, compares
            "01000000"
            "03"
            "01000000"
            "6b"
            "0700000000000000"
            "0300000000000000"
            "00" // annotate: key, mod, model, outcome,
            "14000000"
            "01000000"
            "01000000"
            "04000000"
            "0000803f"
            "000000c0" //   vectors: passages, begin, end, floats
            "01000000"
            "03"
            "01000000"
            "78"
            "0000000000000000"
            "0000000000000000"
            "02"
            "00000000");
  command setting{{}, {}, set_embedding{{vector_maker::http, "m@2", 512, vector_metric::inner_product}}};
  EXPECT_EQ(hex(encode_command(setting).view()),
            "02"
            "00"
            "00"
            "04"
            "03"
            "03000000"
            "6d4032"
            "00020000"
            "01"); // maker, name, dimension, metric
}

TEST(command_codec, the_memory_alarm_is_version_3) {
  for (bool on : {false, true}) {
    command alarm{{}, {}, set_memory_alarm{on}};
    auto bytes = std::string{encode_command(alarm).view()};
    EXPECT_EQ(hex(bytes), on ? "0300000501" : "0300000500");
    EXPECT_EQ(encoded_size(alarm), bytes.size());
    auto decoded = decode_command(bytes);
    ASSERT_TRUE(decoded);
    EXPECT_EQ(*decoded, alarm);
    for (char version : {1, 2, 4}) {
      bytes[0] = version;
      EXPECT_FALSE(decode_command(bytes)) << "nothing has two encodings";
    }
  }
  for (auto& other : samples::commands()) {
    auto bytes = std::string{encode_command(other).view()};
    bytes[0] = 3;
    EXPECT_FALSE(decode_command(bytes));
  }
}

TEST(command_codec, pins_the_format_of_results) {
  EXPECT_EQ(hex(encode_result(samples::some_result())),
            "00"
            "01"
            "00"
            "01"
            "2a00000000000000"
            "0900000000000000" // code, flags, revision, session
            "05000000"
            "00"
            "01"
            "01"
            "00"
            "02"
            "00" // put, delete, get of an absent key
            "02"
            "01"
            "06000000"
            "757365722f31"
            "02000000"
            "0102"
            "02" // get: key, value, type
            "0300000000000000"
            "0700000000000000"
            "0200000000000000" // create, mod, version
            "03"
            "01"); // annotate
}

TEST(command_codec, pins_the_format_of_batches) {
  EXPECT_EQ(hex(encode_requests({{3, 500, read_request{get_query{"k", revision_t{8}}, consistency::stale}}})),
            "04"
            "01000000"
            "0300000000000000"
            "f4010000"
            "01"
            "00"
            "01000000"
            "6b"
            "01"
            "0800000000000000"
            "01");
  EXPECT_EQ(hex(encode_requests({{3, 500, write_request{blob{"c"}, true}}})), "04"
                                                                              "01000000"
                                                                              "0300000000000000"
                                                                              "f4010000"
                                                                              "00"
                                                                              "01000000"
                                                                              "63"
                                                                              "01");
  EXPECT_EQ(hex(encode_answers({{5, refusal{refusal_kind::overloaded, 250, "no"}}})), "04"
                                                                                      "01000000"
                                                                                      "0500000000000000"
                                                                                      "04"
                                                                                      "01"
                                                                                      "fa000000"
                                                                                      "02000000"
                                                                                      "6e6f");
}

// clang-format on

TEST(command_codec, refuses_what_breaks_the_hard_bounds) {
  auto refused = [](const command& c) {
    auto back = decode_command(encode_command(c).view());
    return !back && back.error().code == errc::corrupt;
  };
  auto deleting = [](std::string key) {
    return command{{}, {}, transaction{{}, {delete_operation{std::move(key)}}, {}}};
  };
  EXPECT_TRUE(refused(deleting("")));
  EXPECT_FALSE(refused(deleting(std::string(limits::key_bytes_max, 'k'))));
  EXPECT_TRUE(refused(deleting(std::string(limits::key_bytes_max + 1, 'k'))));
  auto stamped = [](std::size_t bytes) {
    return command{{}, idempotency_stamp{std::string(bytes, 'i'), 0, 0}, transaction{}};
  };
  EXPECT_TRUE(refused(stamped(0)));
  EXPECT_FALSE(refused(stamped(limits::idempotency_key_bytes_max)));
  EXPECT_TRUE(refused(stamped(limits::idempotency_key_bytes_max + 1)));
  transaction many;
  many.compares.resize(limits::operations_max / 2, {"c", compare_target::exists, compare_op::equal, {}, 0});
  many.failure.resize(limits::operations_max / 2, get_operation{"g"});
  EXPECT_FALSE(refused({{}, {}, many}));
  many.success.push_back(get_operation{"g"});
  EXPECT_TRUE(refused({{}, {}, many}));
  command large{
      {},
      {},
      transaction{{}, {put_operation{"k", blob{std::string(limits::command_bytes_max, 'v')}, {}}}, {}}};
  EXPECT_TRUE(refused(large));
}

TEST(command_codec, refuses_annotations_and_models_out_of_bounds) {
  auto refused = [](const command& c) {
    auto back = decode_command(encode_command(c).view());
    return !back && back.error().code == errc::corrupt;
  };
  auto annotating = [](annotation_outcome o, std::size_t bytes) {
    annotate_operation a{"k", {}, {}, o, blob{std::string(bytes, 'v')}};
    return command{{}, {}, transaction{{}, {std::move(a)}, {}}};
  };
  EXPECT_FALSE(refused(annotating(annotation_outcome::embedded, limits::vectors_bytes_max)));
  EXPECT_TRUE(refused(annotating(annotation_outcome::embedded, limits::vectors_bytes_max + 1)));
  EXPECT_FALSE(refused(annotating(annotation_outcome::failed, 0)));
  EXPECT_TRUE(refused(annotating(annotation_outcome::failed, 1)));
  EXPECT_TRUE(refused(annotating(annotation_outcome::skipped, 1)));
  auto setting = [](vector_maker maker, std::size_t name, std::uint32_t dimension) {
    return command{{}, {}, set_embedding{{maker, std::string(name, 'n'), dimension, vector_metric::cosine}}};
  };
  EXPECT_FALSE(
      refused(setting(vector_maker::client, limits::model_name_bytes_max, limits::vector_dimension_max)));
  EXPECT_TRUE(refused(setting(vector_maker::client, limits::model_name_bytes_max + 1, 1)));
  EXPECT_TRUE(refused(setting(vector_maker::http, 1, limits::vector_dimension_max + 1)));
  EXPECT_TRUE(refused(setting(vector_maker::builtin, 1, 0)));
  EXPECT_TRUE(refused(setting(vector_maker::none, 1, 1)));
}

TEST(command_codec, keeps_each_command_to_its_version) {
  auto with_version = [](const command& c, std::uint8_t version) {
    std::string bytes{encode_command(c).view()};
    bytes[0] = static_cast<char>(version);
    return decode_command(bytes).has_value();
  };
  for (auto& c : samples::commands()) {
    EXPECT_TRUE(with_version(c, command_format_version));
    EXPECT_FALSE(with_version(c, command_format_version_embedding));
  }
  for (auto& c : samples::embedding_commands()) {
    EXPECT_FALSE(with_version(c, command_format_version));
    EXPECT_TRUE(with_version(c, command_format_version_embedding));
  }
}

TEST(command_codec, refuses_numbers_that_no_node_answers) {
  auto found = samples::some_found();
  found.hits[0].score = std::numeric_limits<double>::quiet_NaN();
  EXPECT_FALSE(decode_answers(encode_answers({{1, found}})));
  found = samples::some_found();
  found.hits[0].explanation->text[0].idf = std::numeric_limits<double>::infinity();
  EXPECT_FALSE(decode_answers(encode_answers({{1, found}})));
}

TEST(command_codec, refuses_unknown_versions) {
  for (int version = 0; version < 256; ++version) {
    std::string bytes{encode_command({{}, {}, open_session{}}).view()};
    bytes[0] = static_cast<char>(version);
    EXPECT_EQ(decode_command(bytes).has_value(), version == command_format_version);
  }
  EXPECT_FALSE(decode_command(""));
  EXPECT_FALSE(decode_requests(""));
  EXPECT_FALSE(decode_answers(""));
}

TEST(command_codec, says_how_long_a_put_takes) {
  command put{
      {}, {}, transaction{{}, {put_operation{std::string(16, 'k'), blob{std::string(128, 'v')}, {}}}, {}}};
  constexpr int rounds = 100'000;
  auto start = std::chrono::steady_clock::now();
  std::size_t bytes = 0;
  for (int i = 0; i < rounds; ++i) {
    auto encoded = encode_command(put);
    bytes += decode_command(encoded.view()).value().body.index() + encoded.size();
  }
  std::chrono::duration<double, std::nano> took = std::chrono::steady_clock::now() - start;
  std::printf("encode and decode of a put: %.0f ns (%zu bytes)\n", took.count() / rounds, bytes / rounds);
}

} // namespace
} // namespace troupe
