// Every type that messages/type_ids.cpp announces, through CAF's own serialisation: an unannounced type would
// arrive as an empty message.

#include "messages/type_ids.hpp"

#include <caf/all.hpp>

#include <gtest/gtest.h>

namespace troupe {

bool operator==(const link_hello& a, const link_hello& b) {
  return a.version == b.version && a.from == b.from && a.to == b.to && a.incarnation == b.incarnation &&
         a.connection == b.connection;
}
bool operator==(const link_frame& a, const link_frame& b) {
  return a.incarnation == b.incarnation && a.connection == b.connection && a.number == b.number &&
         a.taken == b.taken && a.cluster_high == b.cluster_high && a.cluster_low == b.cluster_low &&
         a.from == b.from && a.to == b.to && a.payload == b.payload;
}
bool operator==(const link_ack& a, const link_ack& b) {
  return a.incarnation == b.incarnation && a.connection == b.connection && a.number == b.number;
}
bool operator==(const client_requests& a, const client_requests& b) {
  return a.version == b.version && a.payload == b.payload && a.taken == b.taken;
}
bool operator==(const client_answers& a, const client_answers& b) {
  return a.payload == b.payload;
}

namespace {

class network_types : public testing::Test {
protected:
  struct config : caf::actor_system_config {
    config() {
      set("scheduler.policy", caf::atom("testing"));
      set("logger.inline-output", true);
      announce_network_messages(*this);
    }
  };

  std::vector<char> bytes_of(const caf::message& m) {
    std::vector<char> bytes;
    caf::binary_serializer sink{system_, bytes};
    EXPECT_FALSE(sink(m));
    return bytes;
  }

  template <class T>
  void expect_same_after_travel(const T& value) {
    auto bytes = bytes_of(caf::make_message(value));
    caf::binary_deserializer source{system_, bytes};
    caf::message arrived;
    ASSERT_FALSE(source(arrived));
    ASSERT_EQ(arrived.size(), 1u);
    ASSERT_TRUE(arrived.match_elements<T>());
    EXPECT_TRUE(arrived.get_as<T>(0) == value);
  }

  config config_;
  caf::actor_system system_{config_};
};

std::string all_bytes() {
  std::string out;
  for (int c = 0; c < 256; ++c)
    out += static_cast<char>(c);
  return out;
}

TEST_F(network_types, link_hello_travels) {
  expect_same_after_travel(link_hello{7, "127.0.0.1:7000", "[::1]:7001", UINT64_MAX, 3});
}

TEST_F(network_types, link_hello_travels_with_its_handle) {
  caf::scoped_actor self{system_};
  auto handle = caf::actor_cast<caf::strong_actor_ptr>(self.ptr());
  auto bytes = bytes_of(caf::make_message(link_hello{1, "a:1", "b:2", 3, 4}, handle));
  caf::binary_deserializer source{system_, bytes};
  caf::message arrived;
  ASSERT_FALSE(source(arrived));
  bool matches = arrived.match_elements<link_hello, caf::strong_actor_ptr>();
  ASSERT_TRUE(matches);
  EXPECT_EQ(arrived.get_as<caf::strong_actor_ptr>(1), handle);
}

TEST_F(network_types, link_frame_travels) {
  expect_same_after_travel(link_frame{1, 2, 3, 4, UINT64_MAX, 6, "n1", "n2", all_bytes()});
}

TEST_F(network_types, link_ack_travels) {
  expect_same_after_travel(link_ack{1, 2, UINT64_MAX});
}

TEST_F(network_types, client_batches_travel) {
  expect_same_after_travel(client_requests{9, all_bytes()});
  expect_same_after_travel(client_answers{all_bytes()});
}

TEST_F(network_types, a_large_payload_travels) {
  link_frame frame;
  frame.payload.assign(5u << 20, 'x');
  expect_same_after_travel(frame);
}

} // namespace
} // namespace troupe
