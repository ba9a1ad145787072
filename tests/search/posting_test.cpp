// The parts of the text index: runs of bytes, the dictionary, posting lists and their cursors.

#include "search/byte_run.hpp"
#include "search/inverted_index.hpp"
#include "search/posting_cursor.hpp"
#include "search/term_dictionary.hpp"
#include "tests/search/index_support.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>

namespace troupe::search::test {
namespace {

TEST(byte_run, keeps_bytes_inside_and_outside) {
  dice random(seed_of(3));
  for (int round = 0; round < 200; ++round) {
    byte_run run;
    std::vector<std::uint8_t> expected;
    for (int i = 0; i < 30; ++i) {
      std::vector<std::uint8_t> more(random.below(9));
      for (auto& b : more)
        b = static_cast<std::uint8_t>(random.next());
      run.append(more);
      expected.insert(expected.end(), more.begin(), more.end());
      byte_run moved(std::move(run));
      run = std::move(moved);
      ASSERT_TRUE(std::equal(expected.begin(), expected.end(), run.data(), run.data() + run.size()));
      EXPECT_EQ(run.heap_bytes() == 0, expected.size() <= 12);
      if (random.one_in(20)) {
        run.clear();
        expected.clear();
      }
    }
  }
}

TEST(term_dictionary, is_a_map_of_strings_with_prefixes) {
  dice random(seed_of(4));
  term_dictionary dictionary;
  std::map<std::string, term_id> model;
  auto check = [&] {
    EXPECT_EQ(dictionary.size(), model.size());
    for (auto& [text, id] : model) {
      ASSERT_EQ(dictionary.find(text), id);
      ASSERT_EQ(dictionary.text(id), text);
    }
    for (auto front : {"", "a", "be", "zzz", "aaaaa", "\xff"}) {
      std::vector<std::string> found;
      dictionary.each_with_prefix(front, [&](term_id id) { found.emplace_back(dictionary.text(id)); });
      std::sort(found.begin(), found.end());
      std::vector<std::string> expected;
      for (auto& [text, id] : model)
        if (text.starts_with(front)) expected.push_back(text);
      ASSERT_EQ(found, expected) << front;
    }
  };
  for (int round = 0; round < 20; ++round) {
    for (int i = 0; i < 300; ++i) {
      std::string text;
      for (auto n = random.below(6); n > 0; --n)
        text += static_cast<char>(random.one_in(30) ? 0xFF : 'a' + random.below(5));
      const auto id = dictionary.intern(text);
      const auto [at, fresh] = model.emplace(text, id);
      ASSERT_EQ(at->second, id);
    }
    check();
    if (round % 3 == 2) {
      std::vector<term_id> gone;
      for (auto& [text, id] : model)
        if (random.one_in(round == 11 ? 1 : 2)) gone.push_back(id);
      for (auto id : gone)
        std::erase_if(model, [&](auto& entry) { return entry.second == id; });
      dictionary.forget(gone);
      check();
    }
    if (round % 4 == 3) dictionary.settle();
  }
  // Numbers are given again, not counted up for ever.
  EXPECT_LT(dictionary.limit(), 2 * model.size() + 2'000);
}

struct model_posting {
  slot_t slot;
  std::uint32_t count;
  std::vector<std::pair<place_t, field_number>> places;
};

class posting_lists : public testing::Test {
protected:
  void append(std::uint32_t count, bool many_parts) {
    const auto s = slots_.add(next_doc_++, static_cast<std::uint32_t>(1 + random_.below(70'000)), {});
    if (!random_.one_in(3)) {
      std::vector<std::uint8_t> bytes;
      place_writer writer(bytes);
      model_posting p{s, count, {}};
      std::uint32_t part = 0;
      std::uint32_t field = 0;
      std::uint32_t position = 0;
      for (std::uint32_t i = 0; i < count; ++i) {
        if (many_parts && random_.one_in(3)) {
          part += 1 + static_cast<std::uint32_t>(random_.below(300));
          field = static_cast<std::uint32_t>(random_.below(200));
          position = 0;
        }
        position += static_cast<std::uint32_t>(random_.below(300));
        writer.add(part, field, position);
        p.places.emplace_back(std::uint64_t{part} << 32 | position, field);
      }
      list_.append(slots_, s, count, bytes);
      model_.push_back(std::move(p));
    }
  }
  void kill_some(std::size_t one_in) {
    std::erase_if(model_, [&](const model_posting& p) {
      if (!random_.one_in(one_in)) return false;
      list_.count_death();
      slots_.kill(p.slot);
      return true;
    });
  }
  void check_walk() {
    ASSERT_EQ(list_.live(), model_.size());
    posting_cursor at(list_, slots_);
    for (auto& p : model_) {
      ASSERT_EQ(at.slot(), p.slot);
      ASSERT_EQ(at.count(), p.count);
      if (random_.one_in(3)) {
        std::vector<std::pair<place_t, field_number>> places;
        each_place(at.places(), at.count(),
                   [&](place_t where, field_number f) { places.emplace_back(where, f); });
        ASSERT_EQ(places, p.places);
      }
      at.next();
    }
    ASSERT_EQ(at.slot(), no_slot);
  }
  void check_seeks() {
    for (int i = 0; i < 30; ++i) {
      posting_cursor at(list_, slots_);
      slot_t target = 0;
      while (at.slot() != no_slot) {
        target = at.slot() + static_cast<slot_t>(random_.below(random_.one_in(4) ? 2'000 : 40));
        at.seek(target);
        auto expected = std::lower_bound(model_.begin(), model_.end(), target,
                                         [](const model_posting& p, slot_t s) { return p.slot < s; });
        ASSERT_EQ(at.slot(), expected == model_.end() ? no_slot : expected->slot);
        if (at.slot() == no_slot) break;
        ASSERT_EQ(at.count(), expected->count);
        at.next();
      }
    }
  }

  dice random_{seed_of(5)};
  slot_table slots_;
  posting_list list_;
  std::vector<model_posting> model_; ///< the live ones
  doc_id next_doc_ = 0;
};

TEST_F(posting_lists, give_back_what_was_appended) {
  for (int round = 0; round < 12 && !HasFatalFailure(); ++round) {
    const auto count_max = round % 3 == 0 ? 1U : round % 3 == 1 ? 5U : 300U;
    for (int i = 0; i < 250; ++i)
      append(1 + static_cast<std::uint32_t>(random_.below(random_.one_in(9) ? count_max : 2)),
             round % 2 == 1);
    check_walk();
    check_seeks();
    kill_some(round % 4 == 3 ? 2 : 8);
    check_walk();
    check_seeks();
    std::size_t at = 0;
    const auto cutoff = model_.empty() ? 0 : model_.front().slot;
    for (;;) {
      std::size_t work = 200;
      if (list_.reclaim_some(slots_, cutoff, at, work)) break;
      check_walk();
      check_seeks();
    }
    check_walk();
    EXPECT_LE(list_.dead(), list_.live() / 2 + 8);
  }
  kill_some(1);
  std::size_t at = 0;
  std::size_t work = 1'000'000;
  EXPECT_TRUE(list_.reclaim_some(slots_, slots_.end(), at, work));
  EXPECT_TRUE(list_.empty());
  EXPECT_EQ(list_.heap_bytes(), 0U);
}

TEST(inverted_index, keeps_slots_terms_and_memory_in_bounds_under_endless_updates) {
  // A few documents that never change, and one that always does; its words are new each time.
  inverted_index index;
  auto put = [&](doc_id d, const std::vector<std::string>& words) {
    std::vector<occurrence> all;
    for (std::uint32_t i = 0; i < words.size(); ++i)
      all.push_back({words[i], i});
    index.add_part("", all);
    index.commit(d, {{"n", field_fact::type::keyword, 0, words.front()}});
  };
  for (doc_id d = 0; d < 500; ++d)
    put(d, {"stays", "d" + std::to_string(d)});
  std::uint64_t memory_max = 0;
  for (int i = 0; i < 60'000; ++i) {
    put(500 + static_cast<doc_id>(i % 3), {"changes", "w" + std::to_string(i)});
    index.reclaim_some(40);
    memory_max = std::max(memory_max, index.memory_bytes());
  }
  EXPECT_LT(index.slots().end(), 16'000U);
  EXPECT_LT(index.terms().limit(), 16'000U);
  EXPECT_LT(memory_max, 4U << 20);
  while (index.reclaim_some(10'000)) {
  }
  EXPECT_EQ(index.live_terms(), 2U + 500U + 3U);
  EXPECT_EQ(index.slots().documents(), 503U);
  const auto stays = index.terms().find("stays");
  std::size_t found = 0;
  for (posting_cursor at(index.postings(stays), index.slots()); at.slot() != no_slot; at.next())
    EXPECT_EQ(index.slots().doc(at.slot()), found++) << "moved documents keep their order";
  EXPECT_EQ(found, 500U);
}

} // namespace
} // namespace troupe::search::test
