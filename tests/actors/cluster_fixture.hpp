#pragma once

// Three whole nodes whose wires can be cut one direction at a time.

#include "tests/actors/test_node.hpp"

#include <deque>
#include <string>
#include <vector>

namespace troupe::test {

class cluster_test : public testing::Test {
protected:
  void SetUp() override {
    std::uint64_t seed = 0;
    for (auto& name : names)
      prepare(nodes.emplace_back(s, wires, name, names, ++seed));
    for (auto& n : nodes)
      ASSERT_TRUE(n.start());
    for (auto& n : nodes)
      connect(n);
    for (int i = 0; i < 200 && !leader(); ++i)
      pass(25);
    ASSERT_NE(leader(), nullptr) << "no leader was elected";
  }
  void TearDown() override { nodes.clear(); }
  /// Before a node starts for the first time.
  virtual void prepare(test_node&) {}

  /// As the links would after a start: both sides hear that the link is up.
  void connect(test_node& n) {
    for (auto& other : nodes) {
      if (&other == &n || !other.runs()) continue;
      other.link(n.name(), false);
      other.link(n.name(), true);
      n.link(other.name(), true);
    }
  }
  void pass(std::int64_t ms) {
    for (auto end = now + ms; now < end;) {
      now += 25;
      for (auto& n : nodes)
        n.time_is(now);
      s.run();
    }
  }
  void cut(const test_node& from, const test_node& to) { wires->cut.insert({from.name(), to.name()}); }
  void isolate(const test_node& n) {
    for (auto& other : nodes)
      if (&other != &n) cut(n, other), cut(other, n);
  }
  void heal() { wires->cut.clear(); }
  void crash(test_node& n, crash_mode mode = crash_mode::drop_unsynced) {
    n.kill();
    n.disk.crash(mode);
    for (auto& other : nodes)
      if (&other != &n) other.link(n.name(), false);
  }
  void restart(test_node& n) {
    ASSERT_TRUE(n.start()) << n.refused->why;
    connect(n);
  }
  /// The leader of the highest term among those that think so.
  test_node* leader() {
    test_node* best = nullptr;
    term_t term;
    for (auto& n : nodes) {
      if (!n.runs()) continue;
      auto st = n.status();
      if (st.role == node_role::leader && st.term > term) best = &n, term = st.term;
    }
    return best;
  }
  test_node& follower(std::size_t which = 0) {
    auto* led = leader();
    for (auto& n : nodes)
      if (&n != led && which-- == 0) return n;
    std::abort();
  }
  std::optional<answer> wait_for(test_node& n, std::uint64_t id, std::int64_t ms = 6'000) {
    s.run();
    for (auto end = now + ms; now < end && !n.answer_to(id);)
      pass(25);
    return n.answer_to(id);
  }
  static bool is_applied(const std::optional<answer>& a) {
    return a && std::holds_alternative<command_result>(a->body);
  }
  bool put(test_node& n, const std::string& key, std::string_view value) {
    return is_applied(wait_for(n, n.ask(put_request(0, key, value))));
  }
  std::optional<std::string> get(test_node& n, const std::string& key,
                                 consistency mode = consistency::linearizable) {
    auto a = wait_for(n, n.ask(get_request(0, key, mode)));
    return a ? value_in(*a) : std::nullopt;
  }

  /// A node that waits to be added; it knows n1 only.
  test_node& join(const std::string& name) {
    auto& n = nodes.emplace_back(s, wires, name, std::vector<std::string>{"n1", name}, nodes.size() + 1);
    prepare(n);
    n.join = true;
    EXPECT_TRUE(n.start());
    connect(n);
    pass(1'500);
    return n;
  }
  std::optional<answer> change(test_node& asked, member_action action, const std::string& id,
                               std::int64_t ms = 6'000) {
    return wait_for(asked,
                    asked.ask({0, static_cast<std::uint32_t>(ms), member_request{action, node_id{id}, {}}}),
                    ms + 1'000);
  }
  static bool is_changed(const std::optional<answer>& a) {
    auto* done = a ? std::get_if<member_result>(&a->body) : nullptr;
    return done && done->changed;
  }
  bool add_and_promote(test_node& asked, const std::string& id) {
    if (!is_changed(change(asked, member_action::add, id))) return false;
    for (int i = 0; i < 100; ++i) {
      if (is_changed(change(asked, member_action::promote, id))) return true;
      pass(100);
    }
    return false;
  }

  /// For a person who reads a failure.
  std::string state() {
    std::string out;
    for (auto& n : nodes) {
      auto st = n.status();
      out += n.name() + " role=" + std::to_string(static_cast<int>(st.role)) + " leader=" + st.leader.name +
             " term=" + std::to_string(st.term.value) + " commit=" + std::to_string(st.commit.value) +
             " applied=" + std::to_string(st.applied.value) + " last=" + std::to_string(st.last.value) +
             " first=" + std::to_string(st.first.value) + " snapshot=" + std::to_string(st.snapshot.value) +
             "\n";
    }
    return out;
  }

  const std::vector<std::string> names{"n1", "n2", "n3"};
  stage s;
  std::int64_t now = 0;
  std::shared_ptr<wiring> wires = std::make_shared<wiring>();
  std::deque<test_node> nodes;
};

} // namespace troupe::test
