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

TEST(embed_worker, rests_when_the_model_is_away_and_drops_what_is_late) {
  stage s;
  probe asker{s};
  std::int64_t now = 1'000;
  int asked = 0;
  bool away = true;
  embed_worker_options o;
  o.now_ms = [&] { return now; };
  o.make = [&]() -> result<std::unique_ptr<search::embedder>> {
    ++asked;
    if (away) return error{errc::unavailable, "nobody answers"};
    return fake_model::make(8);
  };
  auto worker = s.spawn(embed_worker, o);
  auto ask = [&](std::int64_t deadline_ms) {
    asker.tell(worker, embed_texts{{"a", "b"}, deadline_ms});
    s.run();
    return asker.last<embedded_texts>().attempts[1].what;
  };
  EXPECT_EQ(ask(0), fate::unavailable);
  EXPECT_EQ(asked, 1) << "the second text is not tried at once";
  away = false;
  EXPECT_EQ(ask(0), fate::unavailable);
  EXPECT_EQ(asked, 1);
  now += o.rest_ms;
  EXPECT_EQ(ask(now), fate::unavailable) << "its time is over";
  EXPECT_EQ(ask(now + 1), fate::embedded);
}

} // namespace
} // namespace troupe::test
