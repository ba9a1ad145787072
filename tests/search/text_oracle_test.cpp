// The same documents, changes and questions to our index and to SQLite's FTS5: the same matches, the same
// scores.

#include "tests/search/index_support.hpp"

#include <sqlite3.h>

#include <gtest/gtest.h>

#include <map>

namespace troupe::search::test {
namespace {

class fts5 {
public:
  fts5() {
    EXPECT_EQ(sqlite3_open(":memory:", &db_), SQLITE_OK);
    run("CREATE VIRTUAL TABLE t USING fts5(body, tokenize='unicode61')");
    put_ = prepare("INSERT OR REPLACE INTO t(rowid, body) VALUES(?, ?)");
    erase_ = prepare("DELETE FROM t WHERE rowid = ?");
    find_ = prepare("SELECT rowid, -bm25(t) FROM t WHERE t MATCH ?");
  }
  ~fts5() {
    for (auto* s : {put_, erase_, find_})
      sqlite3_finalize(s);
    sqlite3_close(db_);
  }
  fts5(const fts5&) = delete;
  fts5& operator=(const fts5&) = delete;

  void put(doc_id d, const std::string& text) {
    sqlite3_bind_int64(put_, 1, d);
    sqlite3_bind_text(put_, 2, text.data(), static_cast<int>(text.size()), SQLITE_TRANSIENT);
    EXPECT_EQ(sqlite3_step(put_), SQLITE_DONE) << sqlite3_errmsg(db_);
    sqlite3_reset(put_);
  }
  void erase(doc_id d) {
    sqlite3_bind_int64(erase_, 1, d);
    EXPECT_EQ(sqlite3_step(erase_), SQLITE_DONE) << sqlite3_errmsg(db_);
    sqlite3_reset(erase_);
  }
  std::map<doc_id, double> find(const std::string& query) {
    sqlite3_bind_text(find_, 1, query.data(), static_cast<int>(query.size()), SQLITE_TRANSIENT);
    std::map<doc_id, double> found;
    int rc;
    while ((rc = sqlite3_step(find_)) == SQLITE_ROW)
      found[static_cast<doc_id>(sqlite3_column_int64(find_, 0))] = sqlite3_column_double(find_, 1);
    EXPECT_EQ(rc, SQLITE_DONE) << sqlite3_errmsg(db_) << " in " << query;
    sqlite3_reset(find_);
    return found;
  }

private:
  void run(const char* sql) { EXPECT_EQ(sqlite3_exec(db_, sql, nullptr, nullptr, nullptr), SQLITE_OK); }
  sqlite3_stmt* prepare(const char* sql) {
    sqlite3_stmt* s = nullptr;
    EXPECT_EQ(sqlite3_prepare_v2(db_, sql, -1, &s, nullptr), SQLITE_OK) << sqlite3_errmsg(db_);
    return s;
  }

  sqlite3* db_ = nullptr;
  sqlite3_stmt* put_ = nullptr;
  sqlite3_stmt* erase_ = nullptr;
  sqlite3_stmt* find_ = nullptr;
};

/// A query in both languages.
struct question {
  query_node ours;
  std::string theirs;
};

class questions {
public:
  explicit questions(dice& random, std::size_t vocabulary) : random_(random), vocabulary_(vocabulary) {}

  question leaf() {
    switch (random_.below(4)) {
    case 0: {
      auto w = any_word();
      w.resize(1 + random_.below(2));
      return {prefix_node(w), w + "*"};
    }
    case 1: {
      std::vector<std::string> terms;
      std::string theirs;
      for (auto n = 2 + random_.below(2); n > 0; --n) {
        terms.push_back(word(random_.skewed(20)));
        theirs += (theirs.empty() ? "" : " ") + terms.back();
      }
      return {phrase_node(std::move(terms)), '"' + theirs + '"'};
    }
    default: {
      auto w = any_word();
      return {word_node(w), w};
    }
    }
  }
  question flat(bool all) {
    std::vector<query_node> children;
    std::string theirs;
    for (auto n = 1 + random_.below(3); n > 0; --n) {
      auto q = leaf();
      children.push_back(std::move(q.ours));
      theirs += (theirs.empty() ? "" : all ? " AND " : " OR ") + q.theirs;
    }
    return {all ? all_of(std::move(children)) : any_of(std::move(children)), theirs};
  }
  question nested(unsigned depth) {
    if (depth == 0) return leaf();
    auto a = nested(depth - 1);
    auto b = nested(depth - 1);
    auto both = [&](const char* op) { return "(" + a.theirs + ") " + op + " (" + b.theirs + ")"; };
    switch (random_.below(3)) {
    case 0: return {all_of({a.ours, b.ours}), both("AND")};
    case 1: return {any_of({a.ours, b.ours}), both("OR")};
    default: return {all_of({a.ours, without(b.ours)}), both("NOT")};
    }
  }

private:
  std::string any_word() { return word(random_.skewed(vocabulary_)); }

  dice& random_;
  std::size_t vocabulary_;
};

std::vector<doc_id> keys_of(const std::map<doc_id, double>& found) {
  std::vector<doc_id> all;
  for (auto& [d, score] : found)
    all.push_back(d);
  return all;
}

void expect_same_matches(const text_index& index, fts5& oracle, const question& q) {
  text_ask ask;
  ask.query = &q.ours;
  EXPECT_EQ(members(index.matches(ask)), keys_of(oracle.find(q.theirs))) << q.theirs;
}

void expect_same_scores(const text_index& index, fts5& oracle, const question& q) {
  auto expected = oracle.find(q.theirs);
  auto answer = ask_all(index, q.ours);
  ASSERT_EQ(answer.hits.size(), expected.size()) << q.theirs;
  EXPECT_EQ(answer.total, expected.size());
  for (std::size_t i = 0; i < answer.hits.size(); ++i) {
    auto& hit = answer.hits[i];
    ASSERT_TRUE(expected.contains(hit.doc)) << q.theirs;
    // FTS5 keeps the total of words as it was told, so its scores are ours to the last digits.
    EXPECT_NEAR(hit.score, expected[hit.doc], 1e-9 + 1e-9 * hit.score)
        << q.theirs << ", document " << hit.doc;
    if (i > 0) {
      EXPECT_LE(hit.score, answer.hits[i - 1].score) << q.theirs;
    }
  }
  // The best few are those of the whole order, though found without scoring everything.
  text_ask few;
  few.query = &q.ours;
  few.hits_max = 10;
  auto best = index.search(few);
  EXPECT_EQ(best.total, expected.size()) << q.theirs;
  ASSERT_EQ(best.hits.size(), std::min<std::size_t>(10, expected.size()));
  for (std::size_t i = 0; i < best.hits.size(); ++i) {
    EXPECT_EQ(best.hits[i].doc, answer.hits[i].doc) << q.theirs;
    EXPECT_EQ(best.hits[i].score, answer.hits[i].score) << q.theirs;
  }
}

class text_oracle : public testing::Test {
protected:
  void change(std::size_t documents, std::size_t vocabulary, std::size_t changes) {
    for (; changes > 0; --changes) {
      const auto d = static_cast<doc_id>(random_.below(documents));
      if (random_.one_in(6)) {
        index_.erase(d);
        oracle_.erase(d);
        continue;
      }
      std::string text;
      for (auto n = random_.one_in(20) ? 60 : random_.below(15); n > 0; --n)
        text += word(random_.skewed(vocabulary)) + (random_.one_in(5) ? ", " : " ");
      index_.put(d, text_of(text));
      oracle_.put(d, text);
    }
  }

  dice random_{seed_of(20'240'611)};
  text_index index_ = std::move(*text_index::make(plain_words()));
  fts5 oracle_;
};

TEST_F(text_oracle, finds_and_ranks_as_fts5_does) {
  questions ask(random_, 400);
  for (int round = 0; round < 12; ++round) {
    change(1'200, 400, round == 0 ? 2'000 : 700);
    for (int work = 0; work < round % 4; ++work)
      index_.reclaim_some(3'000);
    for (int i = 0; i < 12; ++i) {
      expect_same_scores(index_, oracle_, ask.leaf());
      expect_same_scores(index_, oracle_, ask.flat(true));
      expect_same_scores(index_, oracle_, ask.flat(false));
      expect_same_matches(index_, oracle_, ask.nested(2));
      expect_same_matches(index_, oracle_, ask.nested(3));
    }
    if (HasFailure()) break;
  }
}

TEST_F(text_oracle, passes_over_blocks_without_losing_the_best) {
  // Lists of many blocks, so that most of them are passed over.
  change(8'000, 60, 9'000);
  for (std::size_t i = 0; i < 60; ++i) {
    question q{word_node(word(i)), word(i)};
    expect_same_scores(index_, oracle_, q);
    if (HasFailure()) break;
  }
}

} // namespace
} // namespace troupe::search::test
