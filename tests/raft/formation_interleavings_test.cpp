// Formation under random interleavings, crashes and wiped folders: never two clusters.

#include "raft/random.hpp"
#include "tests/raft/formation_cluster.hpp"

#include <gtest/gtest.h>

#include <cstdlib>
#include <set>
#include <tuple>

namespace troupe::raft {
namespace {

class history {
public:
  history(std::uint64_t seed, int size) : dice_(seed), size_(size), cluster_(size) {}

  void run(bool with_wipes) {
    for (int step = 0; step < 400 && !testing::Test::HasFatalFailure(); ++step) {
      act(with_wipes);
      check();
    }
  }

  /// Without wipes, peace always ends in a formed cluster.
  void expect_formed_in_peace() {
    for (int i = 1; i <= size_; ++i)
      if (!cluster_.at(i).process) cluster_.start(i);
    for (int i = 0; i < 3; ++i) {
      cluster_.tick_all();
      cluster_.settle();
    }
    for (int i = 1; i <= size_; ++i)
      ASSERT_EQ(cluster_.state(i), formation_state::formed);
    check();
  }

  bool anyone_formed() const { return anyone_formed_; }
  int replaced() const { return replaced_; }

private:
  std::string any() {
    return cluster_.address_of(static_cast<int>(dice_.between(1, static_cast<unsigned>(size_))));
  }

  void act(bool with_wipes) {
    auto address = any();
    auto& n = cluster_.nodes().at(address);
    auto choice = dice_.between(0, 99);
    if (!n.process) {
      if (choice < 60) cluster_.start(address);
    } else if (choice < 60) {
      cluster_.deliver(address, any());
    } else if (choice < 85) {
      cluster_.finish_write(address);
    } else if (choice < 95) {
      n.process->tick();
      cluster_.take(address);
    } else {
      cluster_.stop(address);
      if (with_wipes && choice >= 98) cluster_.wipe(address);
    }
    if (n.process && n.process->state() == formation_state::replaced_storage) {
      ++replaced_;
      cluster_.stop(address);
    }
  }

  /// What holds at every moment, whatever was lost.
  void check() {
    const membership* formed = nullptr;
    for (auto& [address, n] : cluster_.nodes()) {
      auto& record = n.folder;
      if (!record.accepted) continue;
      auto [first, is_new] = accepted_.try_emplace(n.self.storage, *record.accepted);
      ASSERT_EQ(first->second, *record.accepted) << "a folder accepted two memberships";
    }
    for (auto& [address, n] : cluster_.nodes()) {
      auto& record = n.folder;
      if (!record.formed) continue;
      anyone_formed_ = true;
      // All folders that say "formed" at the same time say the same; so two clusters never have a quorum
      // each.
      if (!formed) formed = &*record.accepted;
      ASSERT_EQ(*formed, *record.accepted) << "two clusters were formed";
      for (auto& m : record.accepted->members) {
        auto theirs = accepted_.find(m.storage);
        ASSERT_TRUE(theirs != accepted_.end() && theirs->second == *record.accepted)
            << m.id.name << " is in a formed cluster that it never accepted";
      }
    }
  }

  random dice_;
  int size_;
  formation_cluster cluster_;
  std::map<storage_id, membership> accepted_; ///< by folder, also of folders that are gone
  bool anyone_formed_ = false;
  int replaced_ = 0;
};

std::pair<std::uint64_t, std::uint64_t> seeds(std::uint64_t count) {
  if (auto* s = std::getenv("TROUPE_SEED")) return {std::strtoull(s, nullptr, 10), 1};
  return {1, count};
}

TEST(formation_interleavings, forms_once_through_crashes) {
  auto [first, count] = seeds(100);
  for (auto seed = first; seed < first + count; ++seed) {
    SCOPED_TRACE("TROUPE_SEED=" + std::to_string(seed));
    history h(seed, seed % 2 == 0 ? 3 : 5);
    h.run(false);
    h.expect_formed_in_peace();
    if (HasFatalFailure()) return;
  }
}

TEST(formation_interleavings, wiped_folders_never_make_two_clusters) {
  auto [first, count] = seeds(300);
  int formed = 0;
  int replaced = 0;
  for (auto seed = first; seed < first + count; ++seed) {
    SCOPED_TRACE("TROUPE_SEED=" + std::to_string(seed));
    history h(seed, seed % 2 == 0 ? 3 : 5);
    h.run(true);
    if (HasFatalFailure()) return;
    formed += h.anyone_formed();
    replaced += h.replaced();
  }
  if (count == 1) return;
  EXPECT_GT(formed, 20) << "hardly any history got as far as a formed cluster";
  EXPECT_GT(replaced, 20) << "hardly any history noticed a replaced folder";
}

} // namespace
} // namespace troupe::raft
