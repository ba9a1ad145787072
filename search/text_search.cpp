#include "search/text_search.hpp"

#include "search/query_plan.hpp"

#include <algorithm>

namespace troupe::search {

namespace {

bm25 ranking(const inverted_index& index, const text_settings& settings) {
  bm25 rank{settings.k1, settings.b, 0};
  auto& slots = index.slots();
  if (slots.documents() > 0)
    rank.average_length = static_cast<double>(slots.total_length()) / static_cast<double>(slots.documents());
  return rank;
}

/// The best so many documents seen so far, the worst of them in front.
class best_documents {
public:
  best_documents(const text_ask& ask, std::size_t count) : ask_(ask), count_(count) {
    hits_.reserve(std::min<std::size_t>(count, 1024));
  }

  bool full() const { return hits_.size() == count_; }
  /// Below this no document is among the best any more.
  double least() const { return hits_.front().score; }

  void offer(scored_doc d) {
    if (!full()) {
      hits_.push_back(d);
      std::push_heap(hits_.begin(), hits_.end(), by_rank{*this});
    } else if (better(d, hits_.front())) {
      std::pop_heap(hits_.begin(), hits_.end(), by_rank{*this});
      hits_.back() = d;
      std::push_heap(hits_.begin(), hits_.end(), by_rank{*this});
    }
  }
  std::vector<scored_doc> take() {
    std::sort_heap(hits_.begin(), hits_.end(), by_rank{*this});
    return std::move(hits_);
  }

private:
  struct by_rank {
    const best_documents& of;
    bool operator()(const scored_doc& a, const scored_doc& b) const { return of.better(a, b); }
  };
  bool better(const scored_doc& a, const scored_doc& b) const {
    if (a.score != b.score) return a.score > b.score;
    if (ask_.key_of != nullptr)
      if (auto c = ask_.key_of(ask_.keys, a.doc).compare(ask_.key_of(ask_.keys, b.doc)); c != 0) return c < 0;
    return a.doc < b.doc;
  }

  const text_ask& ask_;
  std::size_t count_;
  std::vector<scored_doc> hits_;
};

} // namespace

text_answer find_best(const inverted_index& index, const text_settings& settings, const text_ask& ask) {
  const auto rank = ranking(index, settings);
  auto matches = plan(index, rank, ask);
  const auto known = matches->size();
  text_answer answer;
  answer.total = known.value_or(0);
  if (ask.hits_max == 0 && known) return answer;
  best_documents best(ask, ask.hits_max);
  while (matches->slot() != no_slot) {
    const bool selects = best.full();
    if (!known) ++answer.total;
    if (ask.hits_max > 0 && !(selects && matches->bound() < best.least())) {
      double score = 0;
      matches->add_score(score);
      best.offer({index.slots().doc(matches->slot()), score});
    }
    if (known && best.full())
      matches->next_worthy(best.least());
    else
      matches->next();
  }
  answer.hits = best.take();
  return answer;
}

doc_set find_all(const inverted_index& index, const text_settings& settings, const text_ask& ask) {
  const auto rank = ranking(index, settings);
  doc_set all;
  for (auto matches = plan(index, rank, ask); matches->slot() != no_slot; matches->next())
    all.insert(index.slots().doc(matches->slot()));
  return all;
}

std::vector<score_part> explain_score(const inverted_index& index, const text_settings& settings,
                                      const text_ask& ask, doc_id d) {
  std::vector<score_part> parts;
  const auto s = index.slots().slot_of(d);
  if (!s) return parts;
  const auto rank = ranking(index, settings);
  auto matches = plan(index, rank, ask);
  matches->seek(*s);
  if (matches->slot() == *s) matches->explain(parts);
  return parts;
}

} // namespace troupe::search
