// Random writes and searches in all modes, held against sets of words and vectors compared one by one, and
// against an engine that is built afresh.

#include "engine_support.hpp"

#include <map>
#include <set>

namespace troupe::search {
namespace {

constexpr std::uint32_t dimension = 6;

struct plain_document {
  std::set<std::string> words;
  std::string text;
  double price = 0;
  std::uint64_t revision = 0;
  std::vector<float> vectors; ///< of the same revision; may be empty
};

struct model {
  std::map<std::string, plain_document> docs;

  std::string json_of(const plain_document& d) const {
    return R"({"text":")" + d.text + R"(","price":)" + std::to_string(static_cast<int>(d.price)) + "}";
  }
};

std::vector<passage> passages_for(const std::vector<float>& vectors) {
  std::vector<passage> passages;
  for (std::uint32_t n = 0; n < vectors.size() / dimension; ++n)
    passages.push_back({n, n + 5});
  return passages;
}

engine built_afresh(const model& m, const engine_settings& settings) {
  auto e = make_engine(settings);
  for (auto& [key, d] : m.docs) {
    put_json(e, key, m.json_of(d), d.revision);
    if (d.vectors.empty()) continue;
    EXPECT_TRUE(e.annotate(key, revision_t{d.revision}, passages_for(d.vectors), d.vectors).has_value());
  }
  return e;
}

double cosine(const std::vector<float>& query, const std::vector<float>& vectors) {
  vector_settings s;
  s.dimension = dimension;
  plain_vectors plain{s};
  plain.docs[0] = vectors;
  return plain.best(query, 0).score;
}

class random_life {
public:
  random_life(std::uint64_t seed, const engine_settings& settings)
      : random_(seed), source_(seed, 5, dimension), settings_(settings), engine_(make_engine(settings)) {}

  void live(int steps) {
    for (int step = 0; step < steps && !testing::Test::HasFatalFailure(); ++step) {
      auto what = random_.below(100);
      if (what < 45)
        write();
      else if (what < 60)
        annotate_one();
      else if (what < 70)
        erase();
      else if (what < 85)
        engine_.tidy_some();
      else
        search();
    }
    ASSERT_EQ(engine_.size().documents, m_.docs.size());
    auto fresh = built_afresh(m_, settings_);
    EXPECT_EQ(engine_.digest(), fresh.digest());
    while (engine_.tidy_some()) {
    }
    EXPECT_EQ(engine_.digest(), fresh.digest());
    for (int i = 0; i < 20; ++i)
      same_answers(fresh);
  }

private:
  std::string word() { return "w" + std::to_string(random_.below(12)); }
  std::string key() {
    return std::string(1, static_cast<char>('a' + random_.below(3))) + std::to_string(random_.below(40));
  }

  void write() {
    plain_document d;
    d.revision = ++revision_;
    d.price = static_cast<double>(random_.below(10));
    for (auto n = random_.below(8); n != 0; --n) {
      auto w = word();
      d.text += w + ' ';
      d.words.insert(w);
    }
    auto k = key();
    put_json(engine_, k, m_.json_of(d), d.revision);
    m_.docs[k] = std::move(d);
  }
  void annotate_one() {
    auto k = key();
    auto found = m_.docs.find(k);
    auto stale = random_.below(4) == 0;
    auto revision = (found == m_.docs.end() ? revision_ : found->second.revision) - (stale ? 1 : 0);
    auto v = source_.draw(1 + random_.below(3));
    ASSERT_TRUE(engine_.annotate(k, revision_t{revision}, passages_for(v), v).has_value());
    if (!stale && found != m_.docs.end()) found->second.vectors = v;
  }
  void erase() {
    auto k = key();
    engine_.erase(k);
    m_.docs.erase(k);
  }

  /// A query, and what it says of a document.
  struct question {
    engine_ask ask;
    std::string first, second;
    int form = 0;
    int price_below = 100;

    bool text_matches(const plain_document& d) const {
      auto a = d.words.count(first) != 0, b = d.words.count(second) != 0;
      return form == 0 ? a : form == 1 ? a && b : form == 2 ? a || b : a && !b;
    }
    bool admits(const std::string& key, const plain_document& d) const {
      return key.starts_with(ask.prefix) && d.price < price_below;
    }
  };

  question ask_something() {
    question q;
    q.form = static_cast<int>(random_.below(4));
    q.first = word();
    do
      q.second = word();
    while (q.second == q.first);
    const char* between[] = {"", " ", " OR ", " -"};
    q.ask.query = q.form == 0 ? q.first : q.first + between[q.form] + q.second;
    q.ask.vector = source_.draw();
    q.ask.mode = static_cast<search_mode>(random_.below(3));
    q.ask.limit = static_cast<std::uint32_t>(random_.below(2) == 0 ? 200 : random_.below(12));
    if (random_.below(2) == 0) q.ask.prefix = std::string(1, static_cast<char>('a' + random_.below(4)));
    if (random_.below(2) == 0) {
      q.price_below = static_cast<int>(random_.below(11));
      q.ask.filter = "price<" + std::to_string(q.price_below);
    }
    return q;
  }

  void search() {
    auto q = ask_something();
    SCOPED_TRACE(q.ask.query + " mode " + std::to_string(static_cast<int>(q.ask.mode)) + " prefix " +
                 q.ask.prefix + " filter " + q.ask.filter);
    auto answer = answer_of(engine_, q.ask);
    std::set<std::string> text, near;
    for (auto& [key, d] : m_.docs) {
      if (!q.admits(key, d)) continue;
      if (q.text_matches(d)) text.insert(key);
      if (!d.vectors.empty()) near.insert(key);
    }
    auto expected = q.ask.mode == search_mode::semantic ? near : text;
    if (q.ask.mode == search_mode::hybrid) expected.insert(near.begin(), near.end());
    ASSERT_EQ(answer.total, expected.size());
    ASSERT_EQ(answer.hits.size(), std::min<std::size_t>(expected.size(), q.ask.limit));
    std::set<std::string> seen;
    for (std::size_t i = 0; i < answer.hits.size(); ++i) {
      auto& hit = answer.hits[i];
      ASSERT_TRUE(expected.count(hit.key) != 0 && seen.insert(hit.key).second) << hit.key;
      ASSERT_EQ(hit.mod_revision.value, m_.docs[hit.key].revision);
      ASSERT_EQ(hit.value.view(), m_.json_of(m_.docs[hit.key]));
      if (q.ask.mode == search_mode::semantic) {
        ASSERT_NEAR(hit.score, cosine(q.ask.vector, m_.docs[hit.key].vectors), 1e-4);
      }
      if (i == 0) continue;
      auto& before = answer.hits[i - 1];
      ASSERT_TRUE(before.score > hit.score || (before.score == hit.score && before.key < hit.key));
    }
    if (q.ask.mode == search_mode::hybrid) check_fusion(q, answer);
  }

  /// Hybrid scores follow from the ranks of the two other modes.
  void check_fusion(question q, const engine_answer& hybrid) {
    q.ask.limit = fusion_depth;
    std::map<std::string, double> scores;
    for (auto mode : {search_mode::text, search_mode::semantic}) {
      q.ask.mode = mode;
      auto answer = answer_of(engine_, q.ask);
      for (std::size_t i = 0; i < answer.hits.size(); ++i)
        scores[answer.hits[i].key] += 1 / (fusion_constant + static_cast<double>(i + 1));
    }
    for (auto& hit : hybrid.hits)
      ASSERT_NEAR(hit.score, scores[hit.key], 1e-12) << hit.key;
  }

  void same_answers(const engine& fresh) {
    auto q = ask_something();
    auto mine = answer_of(engine_, q.ask);
    auto theirs = answer_of(fresh, q.ask);
    ASSERT_EQ(keys_of(mine), keys_of(theirs)) << q.ask.query;
    ASSERT_EQ(mine.total, theirs.total);
    for (std::size_t i = 0; i < mine.hits.size(); ++i) {
      ASSERT_NEAR(mine.hits[i].score, theirs.hits[i].score, 1e-9);
      ASSERT_EQ(mine.hits[i].highlights, theirs.hits[i].highlights);
    }
  }

  dice random_;
  clusters source_;
  engine_settings settings_;
  engine engine_;
  model m_;
  std::uint64_t revision_ = 10;
};

TEST(engine_model, answers_as_sets_of_words_and_vectors_do) {
  auto seed = given_seed();
  for (std::uint64_t life = 0; life < 3; ++life) {
    SCOPED_TRACE("seed " + std::to_string(seed + life));
    random_life{seed + life, plain_settings(dimension)}.live(2'000);
  }
}

TEST(engine_model, forgets_what_is_erased_down_to_nothing) {
  auto settings = plain_settings(dimension);
  auto e = make_engine(settings);
  auto empty = e.digest();
  clusters source{1, 2, dimension};
  for (std::uint64_t n = 0; n < 200; ++n) {
    auto key = "k" + std::to_string(n);
    put_text(e, key, "some words here", n + 1);
    annotate(e, key, n + 1, source.draw());
  }
  EXPECT_NE(e.digest(), empty);
  for (int n = 0; n < 200; ++n)
    e.erase("k" + std::to_string(n));
  while (e.tidy_some()) {
  }
  EXPECT_EQ(e.digest(), empty);
  EXPECT_EQ(e.size().documents, 0u);
  EXPECT_EQ(e.size().vectors, 0u);
}

} // namespace
} // namespace troupe::search
