#pragma once

// All checkers over one history.

#include "tests/checkers/history.hpp"
#include "tests/checkers/report.hpp"

#include <cstddef>
#include <string>

namespace troupe::checkers {

struct check_limits {
  /// Steps of the search for a linearization, for each group of keys that operations tie together.
  std::size_t steps_max = 20'000'000;
  /// Places such a search remembers, about 80 bytes each.
  std::size_t states_max = 4'000'000;
};

/// Every state seen by get, put, erase, cas, txn, transfer, snapshot, and final_read is that of one order of
/// all operations which respects real time (strict serializability). Wing & Gong's search as made fast by
/// Lowe, "Testing for linearizability" (2017): remembered states; and by the locality of linearizability
/// (Herlihy & Wing 1990): keys that no operation ties together are checked one by one. Revisions only guide
/// the search.
report check_linearizability(const history& h, const check_limits& limits = {});

/// Snapshots and final reads that hold all accounts of a group add up to its total.
report check_accounts(const history& h);

/// Lists: elements are unique and were appended; every read is a prefix of the longest; appends and reads are
/// in real-time order; no acknowledged element is missing from a read called later, no failed one is there.
/// After the idea of Kingsbury & Alvaro, "Elle" (2020), that a list tells the order in which it came to be.
report check_lists(const history& h);

/// Final reads hold the latest acknowledged value of each key, or that of a write which may have come later;
/// all nodes hold the same.
report check_final_reads(const history& h);

/// A search finds every key of which all values it could have at that moment match, and none of which none
/// does.
report check_searches(const history& h);

/// Acknowledged writes have a revision of their own; revisions follow real time, of reads as well; what a
/// read says about a revision is what that revision's write said; no read at revision R misses a write up to
/// R.
report check_revisions(const history& h);

/// All of the above. Also refuses, as a violation of the rule "history", what no client could have recorded:
/// a client with two operations at once, a return before its call.
report check_all(const history& h, const check_limits& limits = {});

/// The report as text: verdict, findings, and the operations of each.
std::string describe(const report& r, const history& h);

} // namespace troupe::checkers
