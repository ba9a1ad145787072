// Starting, replacing and stopping children.

#include "actors/supervisor.hpp"
#include "tests/actors/stage.hpp"

namespace troupe::test {
namespace {

struct happenings {
  std::vector<std::string> events;
  std::vector<std::pair<exit_code, std::string>> ended;
  std::map<std::string, caf::actor> running;
};

class supervisor_test : public testing::Test {
protected:
  /// A child that writes down when it starts and ends. A stubborn one ends only when killed.
  child_spec child(const std::string& name, unsigned restarts_max = 0, bool stubborn = false) {
    child_spec spec;
    spec.name = name;
    spec.restarts_max = restarts_max;
    spec.start = [this, name, stubborn, h = seen](const supervisor_actor&) {
      h->events.push_back("+" + name);
      auto actor = s.system.spawn([h, name, stubborn](caf::event_based_actor* self) -> caf::behavior {
        self->attach_functor([h, name] { h->events.push_back("-" + name); });
        if (stubborn) self->set_exit_handler([](caf::exit_msg&) {});
        return {[=](int) { self->quit(caf::exit_reason::unhandled_exception); }};
      });
      s.own(actor);
      h->running[name] = actor;
      return actor;
    };
    spec.restarted = [name, h = seen] { h->events.push_back("restarted " + name); };
    return spec;
  }
  void start(std::vector<child_spec> children) {
    supervisor_options o;
    o.children = std::move(children);
    o.child_end_ms = 100;
    o.give_way = give_way;
    o.ended = [h = seen](exit_code code, const std::string& why) { h->ended.emplace_back(code, why); };
    actor = s.spawn(supervisor, o);
  }
  void end_child(const std::string& name) {
    caf::anon_send(seen->running[name], 1);
    s.run();
  }
  std::vector<std::string> events() { return std::exchange(seen->events, {}); }
  using strings = std::vector<std::string>;

  std::shared_ptr<happenings> seen = std::make_shared<happenings>();
  stage s;
  supervisor_actor actor;
  std::function<void(const supervisor_actor&)> give_way;
};

TEST_F(supervisor_test, starts_in_order_and_stops_in_reverse) {
  start({child("a"), child("b"), child("c")});
  EXPECT_EQ(events(), (strings{"+a", "+b", "+c"}));
  caf::anon_send(actor, stop_node{});
  s.run();
  EXPECT_EQ(events(), (strings{"-c", "-b", "-a"}));
  ASSERT_EQ(seen->ended.size(), 1u);
  EXPECT_EQ(seen->ended[0].first, exit_code::clean);
}

TEST_F(supervisor_test, gives_way_before_it_stops_and_does_not_wait_for_long) {
  int asked = 0;
  give_way = [&](const supervisor_actor&) { ++asked; };
  start({child("a")});
  events();
  caf::anon_send(actor, stop_node{});
  s.run();
  EXPECT_EQ(asked, 1);
  EXPECT_EQ(events(), strings{});
  caf::anon_send(actor, gave_way{});
  s.run();
  EXPECT_EQ(events(), strings{"-a"});
  EXPECT_EQ(seen->ended.size(), 1u);
}

TEST_F(supervisor_test, stops_also_when_nobody_gives_way) {
  give_way = [](const supervisor_actor&) {};
  start({child("a")});
  events();
  caf::anon_send(actor, stop_node{});
  s.run();
  EXPECT_EQ(events(), strings{});
  s.advance(std::chrono::milliseconds(300));
  EXPECT_EQ(events(), strings{"-a"});
}

TEST_F(supervisor_test, asked_twice_it_stops_at_once) {
  give_way = [](const supervisor_actor&) {};
  start({child("a")});
  events();
  caf::anon_send(actor, stop_node{});
  caf::anon_send(actor, stop_node{});
  s.run();
  EXPECT_EQ(events(), strings{"-a"});
}

TEST_F(supervisor_test, waits_for_each_child_before_it_ends_the_next) {
  start({child("a"), child("b", 0, true), child("c")});
  events();
  caf::anon_send(actor, stop_node{});
  s.run();
  EXPECT_EQ(events(), strings{"-c"});
  EXPECT_TRUE(seen->ended.empty());
  s.advance(std::chrono::milliseconds(100));
  auto then = events();
  std::sort(then.begin(), then.end());
  EXPECT_EQ(then, (strings{"-a", "-b"})) << "a child that does not end is killed";
  EXPECT_EQ(seen->ended.size(), 1u);
}

TEST_F(supervisor_test, the_end_of_an_essential_child_ends_the_node) {
  start({child("a"), child("b"), child("c")});
  events();
  end_child("b");
  EXPECT_EQ(events(), (strings{"-b", "-c", "-a"}));
  ASSERT_EQ(seen->ended.size(), 1u);
  EXPECT_EQ(seen->ended[0].first, exit_code::internal);
  EXPECT_EQ(seen->ended[0].second.substr(0, 8), "b ended:");
}

TEST_F(supervisor_test, restarts_are_limited) {
  start({child("a"), child("link", 2), child("c")});
  events();
  for (int i = 0; i < 2; ++i) {
    end_child("link");
    EXPECT_EQ(events(), (strings{"-link", "+link", "restarted link"}));
  }
  EXPECT_TRUE(seen->ended.empty());
  end_child("link");
  EXPECT_EQ(events(), (strings{"-link", "-c", "-a"}));
  ASSERT_EQ(seen->ended.size(), 1u);
  EXPECT_EQ(seen->ended[0].first, exit_code::internal);
}

TEST_F(supervisor_test, nothing_is_restarted_while_stopping) {
  start({child("a", 5), child("b", 0, true)});
  events();
  caf::anon_send(actor, stop_node{});
  s.run();
  end_child("a");
  EXPECT_EQ(events(), strings{"-a"});
  s.advance(std::chrono::milliseconds(100));
  EXPECT_EQ(events(), strings{"-b"});
  EXPECT_EQ(seen->ended.size(), 1u);
}

TEST_F(supervisor_test, a_fatal_failure_says_code_and_reason) {
  start({child("a")});
  caf::anon_send(actor, fatal_failure{exit_code::storage, "the disk"});
  caf::anon_send(actor, fatal_failure{exit_code::refused, "later"});
  s.run();
  ASSERT_EQ(seen->ended.size(), 1u);
  EXPECT_EQ(seen->ended[0], std::make_pair(exit_code::storage, std::string("the disk")));
}

TEST_F(supervisor_test, a_failure_during_a_clean_stop_is_not_clean) {
  start({child("a", 0, true)});
  caf::anon_send(actor, stop_node{});
  s.run();
  caf::anon_send(actor, fatal_failure{exit_code::storage, "last sync"});
  s.run();
  s.advance(std::chrono::milliseconds(100));
  ASSERT_EQ(seen->ended.size(), 1u);
  EXPECT_EQ(seen->ended[0].first, exit_code::storage);
}

TEST_F(supervisor_test, a_failure_during_the_start_is_taken_up_afterwards) {
  auto failing = child("b");
  failing.start = [inner = failing.start](const supervisor_actor& supervisor) {
    caf::anon_send(supervisor, fatal_failure{exit_code::refused, "port in use"});
    return inner(supervisor);
  };
  start({child("a"), failing, child("c")});
  EXPECT_EQ(events(), (strings{"+a", "+b", "+c", "-c", "-b", "-a"}));
  ASSERT_EQ(seen->ended.size(), 1u);
  EXPECT_EQ(seen->ended[0].first, exit_code::refused);
}

TEST_F(supervisor_test, ends_itself) {
  start({child("a")});
  caf::anon_send(actor, stop_node{});
  s.run();
  bool down = false;
  caf::scoped_actor self{s.system};
  self->monitor(actor);
  self->receive([&](caf::down_msg&) { down = true; }, caf::after(std::chrono::seconds(0)) >> [] {});
  EXPECT_TRUE(down);
}

} // namespace
} // namespace troupe::test
