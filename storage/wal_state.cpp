#include "storage/wal_state.hpp"

#include "base/assert.hpp"

#include <algorithm>

namespace troupe::storage {

namespace {

error broken(std::string what) {
  return error{errc::invalid_argument, std::move(what)};
}
std::string number(index_t index) {
  return std::to_string(index.value);
}
std::string number(term_t term) {
  return std::to_string(term.value);
}

} // namespace

result<void> wal_state::append(const entry& e) {
  if (e.index != last_ + 1) return broken("entry " + number(e.index) + " after entry " + number(last_));
  if (e.term < last_term_ || !e.term)
    return broken("entry " + number(e.index) + ": term " + number(e.term) + " after term " +
                  number(last_term_));
  if (e.kind == entry_kind::membership) {
    auto members = decode<membership>(e.payload.view(), "membership in entry " + number(e.index));
    if (!members) return broken(members.error().detail);
    memberships_.emplace_back(e.index, std::move(*members));
  }
  if (term_runs_.empty() || term_runs_.back().second != e.term) term_runs_.emplace_back(e.index, e.term);
  last_ = e.index;
  last_term_ = e.term;
  return {};
}

result<void> wal_state::save(const hard_state& state) {
  if (state.term < hard_.term)
    return broken("hard state of term " + number(state.term) + " after term " + number(hard_.term));
  hard_ = state;
  return {};
}

result<void> wal_state::truncate_suffix(index_t from) {
  if (from <= snapshot_.index)
    return broken("truncation from " + number(from) + " would remove entries of the snapshot at " +
                  number(snapshot_.index));
  if (from <= last_) drop_after(from - 1);
  return {};
}

result<void> wal_state::point(const snapshot_pointer& p) {
  if (p.meta.index < snapshot_.index)
    return broken("snapshot at " + number(p.meta.index) + " after one at " + number(snapshot_.index));
  if (p.reset) {
    if (p.first_kept != p.meta.index + 1) return broken("a reset log begins behind its snapshot");
    snapshot_ = p.meta;
    first_kept_ = p.first_kept;
    last_ = missing_to_ = p.meta.index;
    last_term_ = p.meta.term;
    term_runs_.clear();
    memberships_ = {{p.meta.index, p.meta.members}};
    return {};
  }
  if (p.meta.index > last_)
    return broken("snapshot at " + number(p.meta.index) + " beyond the last entry, " + number(last_));
  if (p.first_kept < first_kept_ || p.first_kept > p.meta.index + 1)
    return broken("first kept entry " + number(p.first_kept) + " is not in " + number(first_kept_) + ".." +
                  number(p.meta.index + 1));
  snapshot_ = p.meta;
  first_kept_ = p.first_kept;
  // Of the memberships that can no longer be truncated away only the newest is of use, and the snapshot knows
  // it.
  auto later =
      std::find_if(memberships_.begin(), memberships_.end(), [&](auto& m) { return m.first > p.meta.index; });
  if (later != memberships_.begin()) {
    memberships_.erase(memberships_.begin(), later - 1);
    memberships_.front().second = p.meta.members;
  } else {
    memberships_.insert(memberships_.begin(), {p.meta.index, p.meta.members});
  }
  drop_terms_below_first();
  return {};
}

/// Precondition: snapshot index <= last, so the newest membership that stays is known.
void wal_state::drop_after(index_t last) {
  last_ = last;
  missing_to_ = std::min(missing_to_, last);
  while (!term_runs_.empty() && term_runs_.back().first > last)
    term_runs_.pop_back();
  while (memberships_.size() > 1 && memberships_.back().first > last)
    memberships_.pop_back();
  // Only recovery, reading a head whose membership is truncated away right after, gets here with one that is
  // too new.
  if (memberships_.back().first > last) memberships_.back() = {snapshot_.index, snapshot_.members};
  if (!term_runs_.empty())
    last_term_ = term_runs_.back().second;
  else
    last_term_ = last == snapshot_.index ? snapshot_.term : term_t{};
}

void wal_state::drop_terms_below_first() {
  if (first_kept_ > last_) {
    term_runs_.clear();
    return;
  }
  while (term_runs_.size() > 1 && term_runs_[1].first <= first_kept_)
    term_runs_.erase(term_runs_.begin());
  if (!term_runs_.empty()) term_runs_.front().first = std::max(term_runs_.front().first, first_kept_);
}

std::vector<std::pair<index_t, membership>> wal_state::later_memberships() const {
  auto out = memberships_;
  std::erase_if(out, [&](auto& m) { return m.first <= snapshot_.index; });
  return out;
}

wal_state wal_state::from(const segment_head& head) {
  wal_state s;
  s.hard_ = head.hard;
  s.snapshot_ = head.snapshot;
  s.first_kept_ = head.first_kept;
  s.last_ = s.missing_to_ = head.last;
  s.last_term_ = head.last_term;
  s.memberships_ = {{head.members_index, head.members}};
  return s;
}

segment_head wal_state::head() const {
  segment_head h;
  h.last = last_;
  h.last_term = last_term_;
  h.first_kept = first_kept_;
  h.hard = hard_;
  h.snapshot = snapshot_;
  h.members = members();
  h.members_index = members_index();
  return h;
}

} // namespace troupe::storage
