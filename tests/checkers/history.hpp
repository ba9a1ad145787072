#pragma once

// What clients did to a cluster and what they were told, as the checkers read it. Who records a history has
// to be outside of what is checked: times are those of one clock all clients share, taken before the request
// is sent and after its answer has come.
//
// Every operation is one atomic step of a map from keys to values, described by three lists of cells:
//   expected   what the step compares; it writes only if all of them hold (operation::matched says whether)
//   writes     what it puts, or deletes where the value is none
//   reads      what it saw, before its own writes
// A put has only writes, a get only reads, a compare-and-set both expected and writes, and so on; the
// functions below make the usual ones. All keys are absent at the beginning.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace troupe::checkers {

enum class operation_kind {
  get,        ///< one key, linearizable
  put,        ///< one key, whatever was there
  erase,      ///< one key
  cas,        ///< one key, only if it holds what is expected
  txn,        ///< several keys
  transfer,   ///< a txn that moves between accounts: their sum stays
  snapshot,   ///< several keys at one revision; accounts are checked on these
  append,     ///< adds the element `word` to the list in `key`; once acknowledged, it is in there
  list,       ///< the elements of the list in `key`, in order
  search,     ///< linearizable: the keys whose value has `word` among its blank-separated words
  final_read, ///< a node's whole state under a prefix when all faults are healed and all clients have ended
};
std::string_view to_string(operation_kind kind);

enum class outcome_kind {
  ok,      ///< took effect between call and return
  failed,  ///< certainly took no effect, now or later. A compare that did not hold is ok, and not matched.
  unknown, ///< took effect at some point after the call, even after the return, or never
};
std::string_view to_string(outcome_kind outcome);

/// A key and what it holds.
struct cell {
  std::string key{};
  std::optional<std::string> value{}; ///< none: absent, or deleted
  std::uint64_t revision = 0;         ///< of reads: the mod revision; 0: not told, or absent
  bool anything = false;              ///< of expected: any value will do, but there has to be one

  friend bool operator==(const cell&, const cell&) = default;
};

/// Times are in any unit. An operation precedes another when it returned before the other was called; equal
/// times count as overlapping.
struct operation {
  std::uint32_t client = 0; ///< has at most one operation under way
  operation_kind kind = operation_kind::get;
  outcome_kind outcome = outcome_kind::ok;
  std::int64_t called = 0;
  std::int64_t returned = 0;  ///< at least `called`; of an unknown outcome only when the client gave up
  std::uint64_t revision = 0; ///< of a write: its own; of a read: the one it saw; 0: not told
  bool matched = true;        ///< all of `expected` held
  std::vector<cell> expected;
  std::vector<cell> writes;
  std::vector<cell> reads;           ///< of a search the hits, without values
  std::string key;                   ///< of append and list
  std::vector<std::string> elements; ///< of list
  std::string word; ///< of append the element, of search the word, of final_read the prefix it covers
  std::string node; ///< who was asked; may be empty, but not of final_read

  friend bool operator==(const operation&, const operation&) = default;
};

/// The values of all keys that begin with `prefix` are whole numbers (what follows a blank is a remark, for
/// example to make every written value another one) whose sum is `total` once the first write of one has been
/// acknowledged.
struct account_group {
  std::string prefix;
  std::int64_t total = 0;

  friend bool operator==(const account_group&, const account_group&) = default;
};

struct history {
  std::vector<operation> operations; ///< in any order
  std::vector<account_group> accounts;

  friend bool operator==(const history&, const history&) = default;
};

// What each function returns lacks client, outcome, times and revision. What is compared by revision is given
// as the value which that revision wrote; all values written to such a key then have to differ.

operation make_get(std::string key, std::optional<std::string> value, std::uint64_t mod_revision = 0);
operation make_put(std::string key, std::string value);
/// `deleted`: the key was there, if that is known.
operation make_erase(std::string key, bool deleted = true);
/// `expected` none: the key has to be absent.
operation make_cas(std::string key, std::optional<std::string> expected, std::string value,
                   bool matched = true);
operation make_txn(std::vector<cell> expected, std::vector<cell> writes, bool matched = true);
operation make_transfer(std::vector<cell> expected, std::vector<cell> writes, bool matched = true);
operation make_snapshot(std::vector<cell> reads);
operation make_append(std::string key, std::string element);
operation make_list(std::string key, std::vector<std::string> elements);
operation make_search(std::string word, std::vector<cell> hits);
operation make_final_read(std::string node, std::string prefix, std::vector<cell> reads);

/// One operation as a person reads it, cut to about 400 bytes.
std::string describe(const operation& op);

} // namespace troupe::checkers
