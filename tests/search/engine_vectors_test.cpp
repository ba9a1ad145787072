// Vectors in an engine: what they belong to, and how they outlive a restart.

#include "base/fault_file.hpp"
#include "engine_support.hpp"

namespace troupe::search {
namespace {

constexpr auto path = "data/vectors";

TEST(engine_vectors, belong_to_one_revision_of_a_value) {
  auto e = make_engine();
  put_text(e, "k", "one", 5);
  annotate(e, "k", 4, {1, 0, 0, 0}); // of a value that is gone
  annotate(e, "k", 6, {1, 0, 0, 0}); // of one that is yet to come
  annotate(e, "other", 5, {1, 0, 0, 0});
  EXPECT_EQ(e.size().vector_documents, 0u);
  annotate(e, "k", 5, {1, 0, 0, 0});
  EXPECT_EQ(e.size().vector_documents, 1u);
  put_text(e, "k", "two", 7);
  EXPECT_EQ(e.size().vector_documents, 0u);
  EXPECT_EQ(answer_of(e, semantic_ask_of({1, 0, 0, 0})).total, 0u);
  annotate(e, "k", 7, {0, 1, 0, 0});
  annotate(e, "k", 7, {0, 0, 1, 0}); // another one of the same value takes its place
  EXPECT_NEAR(answer_of(e, semantic_ask_of({0, 0, 1, 0})).hits.at(0).score, 1, 1e-6);
  e.erase("k");
  EXPECT_EQ(e.size().vectors, 0u);
}

TEST(engine_vectors, are_refused_when_passages_and_numbers_do_not_fit) {
  auto e = make_engine();
  put_text(e, "k", "one", 1);
  std::vector<float> v{1, 0, 0, 0};
  auto refused = [&](std::vector<passage> passages, std::vector<float> vectors) {
    auto done = e.annotate("k", revision_t{1}, std::move(passages), vectors);
    return !done.has_value() && done.error().code == errc::invalid_argument;
  };
  EXPECT_TRUE(refused({}, {}));
  EXPECT_TRUE(refused({{0, 1}}, {1, 0, 0}));
  EXPECT_TRUE(refused({{0, 1}, {1, 2}}, v));
  EXPECT_TRUE(refused({{2, 1}}, v));
  EXPECT_TRUE(refused({{0, 1}}, {0, 0, 0, 0}));
  EXPECT_TRUE(refused(std::vector<passage>(65), std::vector<float>(65 * 4, 1.f)));
  EXPECT_EQ(e.size().vectors, 0u);
  annotate(e, "k", 1, v);
  EXPECT_TRUE(refused({{0, 1}}, {0, 0, 0, 0}));
  EXPECT_EQ(e.size().vectors, 1u);
}

TEST(engine_vectors, start_over_with_another_model) {
  auto e = make_engine();
  put_text(e, "k", "one", 1);
  annotate(e, "k", 1, {1, 0, 0, 0});
  auto settings = *plain_settings(2).vectors;
  ASSERT_TRUE(e.reset_vectors(settings).has_value());
  EXPECT_EQ(e.size().vectors, 0u);
  EXPECT_EQ(fault_of(e, semantic_ask_of({1, 0, 0, 0})), "vector");
  annotate(e, "k", 1, {1, 0});
  EXPECT_EQ(answer_of(e, semantic_ask_of({1, 0})).total, 1u);
  settings.dimension = 5'000;
  EXPECT_FALSE(e.reset_vectors(settings).has_value());
  EXPECT_EQ(e.size().vectors, 1u);
  ASSERT_TRUE(e.reset_vectors(std::nullopt).has_value());
  EXPECT_EQ(fault_of(e, semantic_ask_of({1, 0})), "mode");
  EXPECT_TRUE(e.annotate("k", revision_t{1}, {{0, 1}}, std::vector<float>{1, 0}).has_value());
}

class saved_vectors : public testing::Test {
protected:
  void SetUp() override {
    ASSERT_TRUE(disk.make_folder("data").has_value());
    for (int n = 0; n < 30; ++n) {
      vectors.push_back(source.draw());
      add(before, n);
      annotate(before, key(n), revision(n), vectors.back());
    }
    while (before.tidy_some()) {
    }
    ASSERT_TRUE(before.save_vectors(disk, path).has_value());
  }
  static std::string key(int n) { return "key " + std::to_string(n); }
  static std::uint64_t revision(int n) { return 100 + static_cast<std::uint64_t>(n); }
  static void add(engine& e, int n) { put_text(e, key(n), "text " + std::to_string(n), revision(n)); }

  fault_file_system disk;
  clusters source{given_seed(), 4, 4};
  std::vector<std::vector<float>> vectors;
  engine before = make_engine();
};

TEST_F(saved_vectors, are_adopted_without_linking_anew) {
  auto after = make_engine();
  // The others come in another order than before, and two are there before the vectors are.
  add(after, 17);
  add(after, 3);
  ASSERT_TRUE(after.load_vectors(disk, path).has_value());
  EXPECT_EQ(after.size().vectors, 0u) << "nobody has said yet that they are still right";
  for (int n = 29; n >= 0; --n)
    if (n != 17 && n != 3) add(after, n);
  EXPECT_EQ(answer_of(after, semantic_ask_of(vectors[0])).total, 0u);
  for (int n = 0; n < 30; ++n)
    annotate(after, key(n), revision(n), vectors[static_cast<std::size_t>(n)]);
  EXPECT_EQ(after.unlinked(), 0u);
  EXPECT_EQ(after.size().vectors, 30u);
  EXPECT_EQ(after.digest(), before.digest());
  auto ask = semantic_ask_of(vectors[7]);
  EXPECT_EQ(keys_of(answer_of(after, ask)), keys_of(answer_of(before, ask)));
}

TEST_F(saved_vectors, give_way_to_what_was_written_since) {
  auto after = make_engine();
  ASSERT_TRUE(after.load_vectors(disk, path).has_value());
  for (int n = 0; n < 20; ++n)
    add(after, n); // the last ten are gone
  put_text(after, key(0), "newer", 500);
  annotate(after, key(0), 500, source.draw());
  annotate(after, key(1), revision(1), source.draw()); // made by another model, say
  annotate(after, key(2), revision(2), vectors[2]);
  after.erase(key(4));
  put_text(after, "new", "new", 501);
  annotate(after, "new", 501, source.draw());
  EXPECT_EQ(after.unlinked(), 3u);
  EXPECT_EQ(after.size().vectors, 4u);
  after.drop_unadopted();
  EXPECT_EQ(after.size().vectors, 4u);
  EXPECT_EQ(after.size().documents, 20u);
  annotate(after, key(3), revision(3), vectors[3]);
  EXPECT_EQ(after.unlinked(), 4u) << "too late for the reserve";
  // Numbers that were kept for keys that never came are free again.
  for (int n = 20; n < 30; ++n)
    put_text(after, "later " + std::to_string(n), "later", 600);
  EXPECT_EQ(answer_of(after, text_ask_of("later")).total, 10u);
}

TEST_F(saved_vectors, are_saved_again_while_in_reserve) {
  auto after = make_engine();
  ASSERT_TRUE(after.load_vectors(disk, path).has_value());
  add(after, 5);
  annotate(after, key(5), revision(5), vectors[5]);
  ASSERT_TRUE(after.save_vectors(disk, path).has_value());
  auto third = make_engine();
  ASSERT_TRUE(third.load_vectors(disk, path).has_value());
  for (int n = 0; n < 30; ++n) {
    add(third, n);
    annotate(third, key(n), revision(n), vectors[static_cast<std::size_t>(n)]);
  }
  EXPECT_EQ(third.unlinked(), 0u);
  EXPECT_EQ(third.digest(), before.digest());
}

TEST_F(saved_vectors, are_not_taken_twice_or_by_another_kind_of_engine) {
  EXPECT_EQ(before.load_vectors(disk, path).error().code, errc::invalid_argument);
  auto after = make_engine();
  EXPECT_EQ(after.load_vectors(disk, "data/none").error().code, errc::not_found);
  ASSERT_TRUE(after.load_vectors(disk, path).has_value());
  EXPECT_EQ(after.load_vectors(disk, path).error().code, errc::invalid_argument);
  auto other = make_engine(plain_settings(5));
  EXPECT_EQ(other.load_vectors(disk, path).error().code, errc::foreign);
  auto none = make_engine(plain_settings(0));
  EXPECT_EQ(none.load_vectors(disk, path).error().code, errc::invalid_argument);
  EXPECT_EQ(none.save_vectors(disk, path).error().code, errc::not_found);
}

TEST_F(saved_vectors, that_are_damaged_change_nothing) {
  auto in = disk.open(path, open_mode::read);
  std::string bytes(*(*in)->size(), '\0');
  ASSERT_EQ(*(*in)->read(0, bytes.data(), bytes.size()), bytes.size());
  auto after = make_engine();
  add(after, 1);
  auto digest = after.digest();
  for (std::size_t at = 0; at < bytes.size(); at += 37) {
    auto bad = bytes;
    bad[at] = static_cast<char>(bad[at] ^ 0x10);
    if (at % 2 == 0) bad.resize(at);
    auto out = disk.open("data/bad", open_mode::replace);
    ASSERT_TRUE((*out)->write(0, bad).has_value());
    ASSERT_FALSE(after.load_vectors(disk, "data/bad").has_value()) << at;
    ASSERT_EQ(after.digest(), digest);
  }
  ASSERT_TRUE(after.load_vectors(disk, path).has_value());
}

} // namespace
} // namespace troupe::search
