#pragma once

// The search for a linearization of one component.

#include "tests/checkers/check.hpp"
#include "tests/checkers/component.hpp"
#include "tests/checkers/visited.hpp"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace troupe::checkers {

/// Looks for an order of one component's steps, depth first. A step may come next when no step that is still
/// left returned before its call. Orders that led to the same steps taken and the same state are the same
/// from there on, so each such place is entered once.
///
/// * A step that only reads and agrees with the state is taken at once: that keeps everything else possible.
/// * An optional step is taken only right before one that it serves: until then it can wait, and if there is
///   none, it can be left out. So up to the next definite step there are only optional ones, and the last of
///   them touches that step.
/// * Of optional steps that do the same, the one called first is taken first.
///
/// With `by_revision` only orders count in which the writes whose revision is known stand by it, and between
/// two such no more other writes than revisions are left for them. As the place of an optional step then
/// matters, it is taken whether it serves or not; but there is little room for them, so that there is nearly
/// always an answer.
class order_search {
public:
  enum class answer { found, none, limit };

  /// `steps_left` is counted down.
  order_search(const component& part, bool by_revision, const check_limits& limits, std::size_t& steps_left);
  order_search(const order_search&) = delete;
  order_search& operator=(const order_search&) = delete;

  answer run();

  /// Whether `by_revision` makes a difference.
  bool is_restricted() const { return by_revision_ && !part_.revisions.empty(); }

  /// Of an answer `none`: what no order got past.
  finding explain(const history& h) const;

private:
  struct event {
    std::int64_t at;
    bool is_return;
    std::uint32_t step;
  };
  struct frame {
    std::size_t begin, next, end; ///< in candidates_
    bool optional_added;
  };
  struct step_class {
    std::vector<std::uint32_t> members; ///< by call
  };
  struct farthest {
    std::size_t position = 0;
    std::vector<std::size_t> before, pending;
    std::string held;
  };

  void list_events();
  void list_optional();
  void link_events();
  /// The events still there form a ring; its head stands behind the last one.
  std::uint32_t head() const { return static_cast<std::uint32_t>(events_.size()); }
  void unlink(std::uint32_t place);
  void relink(std::uint32_t place);

  bool is_definite(std::uint32_t index) const { return part_.steps[index].definite; }
  /// False when the search was there.
  bool enters_new_place(std::uint32_t chosen);
  void take(std::uint32_t index);
  void undo(std::uint32_t index);
  void set(std::uint32_t key, std::uint32_t value);

  /// Opens a frame with the steps that may come next.
  void enter(std::optional<std::uint32_t> last);
  void leave();
  /// To the frame on top, which has nothing else left.
  void add_optional();
  bool serves_any(std::uint32_t index, std::uint32_t first_return) const;
  const step* next_of(const step_class& c, std::int64_t before) const;
  std::pair<std::uint64_t, std::int64_t> rank(std::uint32_t index) const;
  void note_furthest(std::uint32_t place);

  bool is_before_known_revision() const { return by_revision_ && revisions_taken_ < part_.revisions.size(); }
  /// Whether there is a revision for it now, if that matters.
  bool is_in_turn(const step& s) const;

  const component& part_;
  const bool by_revision_;
  const check_limits& limits_;
  std::size_t& steps_left_;
  key_state state_;
  std::vector<event> events_;                                  ///< of definite steps
  std::vector<std::pair<std::uint32_t, std::uint32_t>> place_; ///< of each, its call and return in events_
  std::vector<std::uint32_t> next_, previous_;
  std::size_t definite_left_ = 0;
  std::size_t revisions_taken_ = 0;        ///< of part_.revisions
  std::vector<std::uint64_t> since_taken_; ///< writes of no known revision, now and before each write taken
  std::vector<step_class> classes_;        ///< of optional steps
  std::vector<std::uint32_t> class_of_;
  used_counts used_;                        ///< by class
  std::vector<std::uint32_t> used_numbers_; ///< of used_, now and before each optional step taken
  std::vector<frame> frames_;
  std::vector<std::uint32_t> candidates_;
  std::vector<std::pair<std::uint32_t, std::uint32_t>> undo_; ///< key and value before
  std::vector<std::size_t> undo_marks_;
  state_key key_;
  visited_places visited_;
  farthest furthest_;
};

} // namespace troupe::checkers
