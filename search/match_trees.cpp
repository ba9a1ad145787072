#include "search/match_cursor.hpp"

#include <algorithm>
#include <utility>

namespace troupe::search {

namespace {

class all_cursor final : public match_cursor {
public:
  all_cursor(std::vector<cursor_ptr> wanted, std::vector<cursor_ptr> unwanted,
             std::vector<cursor_ptr> unscored)
      : wanted_(std::move(wanted)), unwanted_(std::move(unwanted)), unscored_(std::move(unscored)) {
    for (auto* list : {&wanted_, &unscored_})
      for (auto& c : *list)
        walked_.push_back(c.get());
    std::stable_sort(walked_.begin(), walked_.end(), [](auto* a, auto* b) { return a->cost() < b->cost(); });
    agree(0);
  }

  void next() override {
    walked_.front()->next();
    agree(walked_.front()->slot());
  }
  void seek(slot_t target) override {
    if (slot_ < target) agree(target);
  }
  std::uint64_t cost() const override { return walked_.front()->cost(); }

  void add_score(double& sum) override {
    for (auto& c : wanted_)
      c->add_score(sum);
  }
  double bound() override {
    double sum = 0;
    for (auto& c : wanted_)
      sum += c->bound();
    return sum;
  }
  void explain(std::vector<score_part>& out) override {
    for (auto& c : wanted_)
      c->explain(out);
  }

private:
  bool excluded(slot_t s) {
    for (auto& c : unwanted_) {
      c->seek(s);
      if (c->slot() == s) return true;
    }
    return false;
  }
  /// To the first slot at or after target on which all stand and that nothing excludes: the rarest leads, and
  /// whoever is further sets the next target.
  void agree(slot_t target) {
    auto* lead = walked_.front();
    for (;;) {
      lead->seek(target);
      target = lead->slot();
      if (target == no_slot) break;
      bool all = true;
      for (std::size_t i = 1; i < walked_.size() && all; ++i) {
        walked_[i]->seek(target);
        if (walked_[i]->slot() == target) continue;
        target = walked_[i]->slot();
        all = false;
      }
      if (target == no_slot) break;
      if (!all) continue;
      if (!excluded(target)) {
        slot_ = target;
        return;
      }
      ++target;
    }
    slot_ = no_slot;
  }

  std::vector<cursor_ptr> wanted_;
  std::vector<cursor_ptr> unwanted_;
  std::vector<cursor_ptr> unscored_;
  std::vector<match_cursor*> walked_; ///< wanted and unscored, fewest matches first
};

class any_cursor final : public match_cursor {
public:
  explicit any_cursor(std::vector<cursor_ptr> children) : children_(std::move(children)) { stand(); }

  void next() override {
    for (auto& c : children_)
      if (c->slot() == slot_) c->next();
    stand();
  }
  void seek(slot_t target) override {
    if (slot_ >= target) return;
    for (auto& c : children_)
      c->seek(target);
    stand();
  }
  std::uint64_t cost() const override {
    std::uint64_t sum = 0;
    for (auto& c : children_)
      sum += c->cost();
    return sum;
  }

  void add_score(double& sum) override {
    for (auto& c : children_)
      if (c->slot() == slot_) c->add_score(sum);
  }
  double bound() override {
    double sum = 0;
    for (auto& c : children_)
      if (c->slot() == slot_) sum += c->bound();
    return sum;
  }
  void explain(std::vector<score_part>& out) override {
    for (auto& c : children_)
      if (c->slot() == slot_) c->explain(out);
  }

private:
  void stand() {
    slot_ = no_slot;
    for (auto& c : children_)
      slot_ = std::min(slot_, c->slot());
  }

  std::vector<cursor_ptr> children_;
};

} // namespace

cursor_ptr all_matches(std::vector<cursor_ptr> wanted, std::vector<cursor_ptr> unwanted,
                       std::vector<cursor_ptr> unscored) {
  if (wanted.size() == 1 && unwanted.empty() && unscored.empty()) return std::move(wanted.front());
  return std::make_unique<all_cursor>(std::move(wanted), std::move(unwanted), std::move(unscored));
}

cursor_ptr any_matches(std::vector<cursor_ptr> children) {
  if (children.size() == 1) return std::move(children.front());
  return std::make_unique<any_cursor>(std::move(children));
}

} // namespace troupe::search
