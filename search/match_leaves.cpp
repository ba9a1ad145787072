#include "search/match_cursor.hpp"

#include <algorithm>
#include <utility>

namespace troupe::search {

namespace {

score_part part_of(const leaf_label& label, const bm25& rank, double idf, double count, double length,
                   double weight) {
  return {label.term, label.field,         idf,    count,
          length,     rank.average_length, weight, weight * rank.score(idf, count, length)};
}

class word_cursor final : public match_cursor {
public:
  word_cursor(const posting_list& list, const slot_table& slots, const bm25& rank, leaf_label label)
      : at_(list, slots), slots_(slots), rank_(rank), label_(std::move(label)), live_(list.live()),
        idf_(bm25::idf(slots.documents(), list.live())), block_bound_(rank.bound(idf_)) {
    slot_ = at_.slot();
  }

  void next() override {
    at_.next();
    slot_ = at_.slot();
  }
  void seek(slot_t target) override {
    at_.seek(target);
    slot_ = at_.slot();
  }
  void next_worthy(double least) override {
    at_.next();
    while (at_.slot() != no_slot && at_.block() != nullptr && bound() < least)
      at_.leave_block();
    slot_ = at_.slot();
  }
  std::uint64_t cost() const override { return live_; }
  std::optional<std::uint64_t> size() const override { return live_; }

  void add_score(double& sum) override { sum += rank_.score(idf_, at_.count(), slots_.length(slot_)); }
  double bound() override {
    if (at_.entered_block()) {
      auto* b = at_.block();
      block_bound_ = b != nullptr ? rank_.bound(idf_, b->bounds()) : rank_.bound(idf_);
    }
    return block_bound_;
  }
  void explain(std::vector<score_part>& out) override {
    out.push_back(part_of(label_, rank_, idf_, at_.count(), slots_.length(slot_), 1));
  }

private:
  posting_cursor at_;
  const slot_table& slots_;
  bm25 rank_;
  leaf_label label_;
  std::uint64_t live_;
  double idf_;
  double block_bound_;
};

class listed_cursor final : public match_cursor {
public:
  listed_cursor(std::vector<found_match> found, const slot_table& slots, const bm25& rank, leaf_label label)
      : found_(std::move(found)), slots_(slots), rank_(rank), label_(std::move(label)),
        idf_(bm25::idf(slots.documents(), found_.size())) {
    stand();
  }

  void next() override {
    ++at_;
    stand();
  }
  void seek(slot_t target) override {
    if (slot_ >= target) return;
    // In growing strides, then by halves.
    std::size_t stride = 1;
    auto from = at_ + 1;
    auto to = from;
    while (to < found_.size() && found_[to].slot < target) {
      from = to + 1;
      to += stride;
      stride *= 2;
    }
    to = std::min(to, found_.size());
    auto before = [](const found_match& f, slot_t s) { return f.slot < s; };
    at_ = static_cast<std::size_t>(std::lower_bound(found_.begin() + static_cast<std::ptrdiff_t>(from),
                                                    found_.begin() + static_cast<std::ptrdiff_t>(to), target,
                                                    before) -
                                   found_.begin());
    stand();
  }
  std::uint64_t cost() const override { return found_.size(); }
  std::optional<std::uint64_t> size() const override { return found_.size(); }

  void add_score(double& sum) override { sum += score(); }
  double bound() override { return score(); }
  void explain(std::vector<score_part>& out) override {
    auto& f = found_[at_];
    out.push_back(part_of(label_, rank_, idf_, f.count, slots_.length(slot_), distance_weights[f.distance]));
  }

private:
  void stand() { slot_ = at_ < found_.size() ? found_[at_].slot : no_slot; }
  double score() const {
    auto& f = found_[at_];
    return distance_weights[f.distance] * rank_.score(idf_, f.count, slots_.length(slot_));
  }

  std::vector<found_match> found_;
  std::size_t at_ = 0;
  const slot_table& slots_;
  bm25 rank_;
  leaf_label label_;
  double idf_;
};

class set_cursor final : public match_cursor {
public:
  explicit set_cursor(slot_set set) : set_(std::move(set)), size_(set_.count()) { slot_ = set_.next(0); }

  void next() override { slot_ = set_.next(slot_ + 1); }
  void seek(slot_t target) override {
    if (slot_ < target) slot_ = set_.next(target);
  }
  std::uint64_t cost() const override { return size_; }
  std::optional<std::uint64_t> size() const override { return size_; }

private:
  slot_set set_;
  std::uint64_t size_;
};

} // namespace

cursor_ptr word_matches(const posting_list& list, const slot_table& slots, const bm25& rank,
                        leaf_label label) {
  return std::make_unique<word_cursor>(list, slots, rank, std::move(label));
}

cursor_ptr listed_matches(std::vector<found_match> found, const slot_table& slots, const bm25& rank,
                          leaf_label label) {
  return std::make_unique<listed_cursor>(std::move(found), slots, rank, std::move(label));
}

cursor_ptr set_matches(slot_set set) {
  return std::make_unique<set_cursor>(std::move(set));
}

} // namespace troupe::search
