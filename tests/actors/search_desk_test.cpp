// Which searches wait, for what, and until when.

#include "actors/search_desk.hpp"
#include "tests/actors/search_samples.hpp"

namespace troupe::test {
namespace {

class search_desk_test : public testing::Test {
protected:
  routed_search search(std::uint64_t id, revision_t min = {}, bool vectors = false,
                       std::int64_t deadline = 1'000) {
    auto r = words("w");
    r.min_revision = min;
    r.wait_vectors = vectors;
    return {sink.as<answer_sink_actor>(), id, r, deadline};
  }
  std::vector<std::uint64_t> ready(index_progress now) {
    std::vector<std::uint64_t> ids;
    for (auto& s : desk.ready(now))
      ids.push_back(s.id);
    return ids;
  }
  static index_progress at(std::uint64_t index, std::uint64_t revision, std::uint64_t vectors) {
    return {true, index_t{index}, revision_t{revision}, revision_t{vectors}};
  }
  using ids = std::vector<std::uint64_t>;

  stage s;
  probe sink{s};
  search_desk desk;
};

TEST_F(search_desk_test, waits_for_the_log_index) {
  desk.wait(index_t{5}, search(1));
  desk.wait(index_t{3}, search(2));
  EXPECT_EQ(ready(at(4, 0, 0)), ids{2});
  EXPECT_EQ(ready(at(5, 0, 0)), ids{1});
  EXPECT_EQ(desk.size(), 0u);
}

TEST_F(search_desk_test, waits_for_a_revision) {
  desk.wait(index_t{}, search(1, revision_t{7}));
  EXPECT_EQ(ready(at(9, 6, 9)), ids{});
  EXPECT_EQ(ready(at(9, 7, 0)), ids{1});
}

TEST_F(search_desk_test, an_index_that_is_being_built_answers_nothing) {
  desk.wait(index_t{}, search(1));
  auto now = at(9, 9, 9);
  now.ready = false;
  EXPECT_EQ(ready(now), ids{});
  EXPECT_EQ(ready(at(9, 9, 9)), ids{1});
}

TEST_F(search_desk_test, vectors_have_to_come_as_far_as_the_text_was_and_not_farther) {
  desk.wait(index_t{4}, search(1, {}, true));
  EXPECT_TRUE(desk.wants_vectors());
  EXPECT_EQ(ready(at(3, 10, 10)), ids{}) << "the text is not there yet";
  EXPECT_EQ(ready(at(4, 12, 10)), ids{}) << "now the vectors have to reach 12";
  EXPECT_EQ(ready(at(9, 50, 11)), ids{});
  EXPECT_EQ(ready(at(9, 90, 12)), ids{1}) << "later writes do not count";
  EXPECT_FALSE(desk.wants_vectors());
}

TEST_F(search_desk_test, deadlines_empty_it) {
  desk.wait(index_t{4}, search(1, {}, false, 500));
  desk.wait(index_t{4}, search(2, {}, false, 900));
  EXPECT_TRUE(desk.overdue(499).empty());
  auto over = desk.overdue(500);
  ASSERT_EQ(over.size(), 1u);
  EXPECT_EQ(over[0].id, 1u);
  EXPECT_EQ(desk.size(), 1u);
}

TEST(not_yet, says_how_far_each_index_is) {
  auto r = not_yet({true, index_t{9}, revision_t{7}, revision_t{5}});
  EXPECT_EQ(r.code, search_outcome::not_yet);
  EXPECT_EQ(r.indexed_revision, revision_t{7});
  EXPECT_EQ(r.vector_revision, revision_t{5});
}

} // namespace
} // namespace troupe::test
