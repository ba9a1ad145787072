#pragma once

// Linearizable reads without a log entry (dissertation §6.4): the leader's rounds, and the follower's
// questions to the leader.

#include "base/ids.hpp"

#include <cstddef>
#include <cstdint>
#include <deque>
#include <optional>
#include <vector>

namespace troupe::raft {

/// Reads of one node that wait together.
struct read_group {
  node_id who;              ///< empty: this node
  std::uint64_t number = 0; ///< of a follower's question
  std::vector<std::uint64_t> ids;
};

/// Leader side. A read joins only a round that starts after it arrived; a round is confirmed when a majority
/// answered a message that was sent after the round started, which proves that nobody else led in between.
class read_rounds {
public:
  struct confirmed {
    index_t index; ///< commit index when the round started
    std::vector<read_group> groups;
  };

  void add_own(std::vector<std::uint64_t> ids);
  /// A newer question of the same follower replaces a waiting one: it has given the older up.
  void add_question(const node_id& who, std::uint64_t number);

  bool anyone_waiting() const { return !waiting_.empty(); }
  std::size_t rounds_flying() const { return flying_.size(); }
  /// All that wait join a new round; returns its number.
  std::uint64_t start(index_t commit);
  /// A new round that nobody waits for.
  std::uint64_t start_empty() { return ++newest_; }
  /// All that wait, to be answered at once.
  std::vector<read_group> take_waiting();
  /// The newest round started; 0 before the first.
  std::uint64_t newest() const { return newest_; }
  /// The rounds that a majority has answered.
  std::vector<confirmed> take_confirmed(std::uint64_t acknowledged_by_majority);

  /// Own reads that are held: bounded by the caller.
  std::size_t own_reads() const { return own_reads_; }
  /// Removes and returns all own reads; leadership is over.
  std::vector<std::uint64_t> fail();

private:
  struct round {
    std::uint64_t number;
    confirmed content;
  };

  std::vector<read_group> waiting_; ///< at most one group a node
  std::deque<round> flying_;
  std::uint64_t newest_ = 0;
  std::size_t own_reads_ = 0;
};

/// Follower side: one question to the leader at a time; reads that arrive meanwhile wait for the next one.
class read_questions {
public:
  /// `first_number` must be unlike any used in an earlier life, so that a late answer to that one does not
  /// fit.
  explicit read_questions(std::uint64_t first_number) : number_(first_number) {}

  void add(std::vector<std::uint64_t> ids);
  /// The question to send now, if any.
  std::optional<std::uint64_t> ask();
  /// Time passes; a question unanswered for `ticks_max` is sent again.
  void tick(unsigned ticks_max);
  /// The reads that this answer is for; empty if it fits none.
  std::vector<std::uint64_t> answered(std::uint64_t number);
  std::size_t held() const { return waiting_.size() + asked_.size(); }
  std::vector<std::uint64_t> fail();

private:
  std::vector<std::uint64_t> waiting_;
  std::vector<std::uint64_t> asked_; ///< not empty: question number_ is open
  std::uint64_t number_;
  bool send_ = false; ///< question number_ is to be sent, for the first time or again
  unsigned ticks_since_asked_ = 0;
};

} // namespace troupe::raft
