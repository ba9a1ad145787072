// The actor around a model: what it answers for each kind of text, and when the model cannot be had.

#include "actors/embed_worker.hpp"
#include "tests/actors/fake_model.hpp"
#include "tests/actors/stage.hpp"

namespace troupe::test {
namespace {

using fate = embedding_attempt::fate;

TEST(embed_worker, answers_each_text_in_its_place) {
  stage s;
  probe asker{s};
  embed_worker_options o;
  o.make = [] { return fake_model::make(8); };
  auto worker = s.spawn(embed_worker, o);
  asker.tell(worker, embed_texts{{"red shoes", "", "impossible", "away", "blue"}});
  s.run();
  auto a = asker.last<embedded_texts>().attempts;
  ASSERT_EQ(a.size(), 5u);
  EXPECT_EQ(a[0].what, fate::embedded);
  EXPECT_EQ(a[0].vectors.size(), 8u);
  ASSERT_EQ(a[0].passages.size(), 1u);
  EXPECT_EQ(a[0].passages[0].second, 9u);
  EXPECT_EQ(a[1].what, fate::nothing);
  EXPECT_EQ(a[2].what, fate::failed);
  EXPECT_EQ(a[2].why, "cannot be embedded");
  EXPECT_EQ(a[3].what, fate::unavailable);
  EXPECT_EQ(a[4].what, fate::embedded);
}

TEST(embed_worker, a_model_that_cannot_be_made_is_tried_again) {
  stage s;
  probe asker{s};
  int tries = 0;
  int threads_prepared = 0;
  embed_worker_options o;
  o.make = [&]() -> result<std::unique_ptr<search::embedder>> {
    if (++tries == 1) return error{errc::not_found, "no such file"};
    return fake_model::make(8);
  };
  o.on_thread = [&] { ++threads_prepared; };
  auto worker = s.spawn(embed_worker, o);
  asker.tell(worker, embed_texts{{"a"}});
  s.run();
  EXPECT_EQ(asker.last<embedded_texts>().attempts[0].what, fate::unavailable);
  EXPECT_EQ(asker.last<embedded_texts>().attempts[0].why, "no such file");
  asker.tell(worker, embed_texts{{"a"}});
  s.run();
  EXPECT_EQ(asker.last<embedded_texts>().attempts[0].what, fate::embedded);
  asker.tell(worker, embed_texts{{"a"}});
  s.run();
  EXPECT_EQ(tries, 2) << "a model is made once";
  EXPECT_EQ(threads_prepared, 1);
}

} // namespace
} // namespace troupe::test
