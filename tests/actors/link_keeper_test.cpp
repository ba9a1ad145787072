// The link keeper: links come for who is wanted and for who says hello, and go when nobody wants them.

#include "actors/link_keeper.hpp"
#include "tests/actors/samples.hpp"
#include "tests/actors/stage.hpp"

namespace troupe::test {
namespace {

/// Stands for a link: remembers the hellos it was led, and ends when told to.
peer_link_actor::behavior_type fake_link(peer_link_actor::pointer self, std::string address,
                                         std::shared_ptr<std::vector<std::string>> greeted) {
  return {
      [=](const link_hello& h,
          const caf::strong_actor_ptr& p) -> caf::result<link_hello, caf::strong_actor_ptr> {
        greeted->push_back(address);
        return {h, p};
      },
      [](const link_frame&) {},
      [](const link_ack&) {},
      [=](const link_send&) { self->quit(caf::sec::runtime_error); },
      [](const link_send_formation&) {},
      [](const link_identity&) {},
      [=](const tick&) { greeted->push_back("tick " + address); },
  };
}

class link_keeper_test : public testing::Test {
protected:
  void SetUp() override {
    link_keeper_options o;
    o.addresses = {"n1:7000", "n2:7000"};
    o.make = [this](const std::string& address) {
      if (address == "nonsense") return peer_link_actor{};
      ++made[address];
      return s.system.spawn(fake_link, address, greeted);
    };
    o.strangers_max = 2;
    o.unwanted_ms = 1'000;
    o.restarts_max = 2;
    keeper = s.spawn(link_keeper, o, formation.as<formation_actor>());
  }
  void want(std::set<std::string> addresses) {
    formation.tell(keeper, wanted_links{std::move(addresses)});
    s.run();
  }
  void hello_from(const std::string& address) {
    remote.tell(keeper, link_hello{peer_protocol_version, address, "n0:7000", 1, 1}, remote.pointer());
    s.run();
  }
  void tick_to(std::int64_t ms) {
    formation.tell(keeper, at_ms(ms));
    s.run();
  }
  std::set<std::string> links() {
    std::set<std::string> out;
    for (auto& [address, link] : formation.last<links_ready>().links)
      out.insert(address);
    return out;
  }
  void break_link(const std::string& address) {
    formation.tell(formation.last<links_ready>().links.at(address), link_send{});
    s.run();
  }
  using set = std::set<std::string>;

  stage s;
  probe formation{s};
  probe remote{s};
  std::shared_ptr<std::vector<std::string>> greeted = std::make_shared<std::vector<std::string>>();
  std::map<std::string, int> made;
  link_keeper_actor keeper;
};

TEST_F(link_keeper_test, begins_with_the_links_of_the_cluster_file) {
  EXPECT_EQ(links(), (set{"n1:7000", "n2:7000"}));
  EXPECT_EQ(formation.last<links_ready>().keeper, keeper);
  hello_from("n2:7000");
  EXPECT_EQ(*greeted, std::vector<std::string>{"n2:7000"});
  tick_to(25);
  EXPECT_EQ(greeted->size(), 3u) << "ticks are passed on";
}

TEST_F(link_keeper_test, links_come_with_the_members_and_go_after_a_while) {
  want({"n2:7000", "n3:7000", "nonsense"});
  EXPECT_EQ(links(), (set{"n1:7000", "n2:7000", "n3:7000"}));
  tick_to(999);
  EXPECT_EQ(links().size(), 3u);
  tick_to(1'000);
  EXPECT_EQ(links(), (set{"n2:7000", "n3:7000"}));
  EXPECT_FALSE(formation.last<link_state>().up);
  EXPECT_EQ(formation.last<link_state>().address, "n1:7000");
  want({"n1:7000"});
  EXPECT_EQ(made["n1:7000"], 2);
}

TEST_F(link_keeper_test, a_stranger_has_some_time_to_show_who_it_is) {
  hello_from("n9:7000");
  EXPECT_EQ(*greeted, std::vector<std::string>{"n9:7000"});
  EXPECT_TRUE(links().contains("n9:7000"));
  want({"n9:7000"});
  tick_to(5'000);
  EXPECT_EQ(links(), set{"n9:7000"});
  want({});
  tick_to(6'000);
  EXPECT_TRUE(links().empty());
}

TEST_F(link_keeper_test, more_strangers_than_allowed_are_refused) {
  for (auto* address : {"a:1", "b:1", "c:1"})
    hello_from(address);
  EXPECT_EQ(links().size(), 4u);
  EXPECT_EQ(remote.count<caf::error>(), 1u);
  hello_from("n1:7000");
  EXPECT_EQ(remote.count<caf::error>(), 1u) << "members are none";
}

TEST_F(link_keeper_test, a_link_that_ends_is_started_again_but_not_for_ever) {
  caf::scoped_actor watcher{s.system};
  watcher->monitor(keeper);
  for (int i = 0; i < 2; ++i) {
    break_link("n1:7000");
    EXPECT_EQ(made["n1:7000"], 2 + i);
    EXPECT_FALSE(formation.last<link_state>().up);
  }
  break_link("n1:7000");
  EXPECT_EQ(made["n1:7000"], 3);
  EXPECT_TRUE(watcher->has_next_message() || !watcher->mailbox().empty()) << "the supervisor decides";
}

TEST_F(link_keeper_test, links_end_with_their_keeper) {
  auto link = formation.last<links_ready>().links.at("n1:7000");
  probe watcher{s};
  formation.tell(keeper, caf::exit_msg{formation.pointer()->address(), caf::exit_reason::user_shutdown});
  s.run();
  hello_from("n1:7000");
  EXPECT_TRUE(greeted->empty());
  watcher.tell(link, at_ms(5));
  s.run();
  EXPECT_TRUE(greeted->empty()) << "a link outlived its keeper";
}

} // namespace
} // namespace troupe::test
