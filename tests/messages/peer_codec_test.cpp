// The body of a link_frame: every kind of peer message there and back, and bytes that no node sends.

#include "messages/peer.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <new>

namespace {

// What decoding may allocate is part of its promise, so this program counts it.
std::size_t largest_allocation = 0;

} // namespace

// Not inlined, or g++ 12 takes malloc and delete for a mismatched pair.
[[gnu::noinline]] void* operator new(std::size_t size) {
  largest_allocation = std::max(largest_allocation, size);
  if (auto* p = std::malloc(size != 0 ? size : 1)) return p;
  throw std::bad_alloc{};
}
[[gnu::noinline]] void operator delete(void* p) noexcept {
  std::free(p);
}
[[gnu::noinline]] void operator delete(void* p, std::size_t) noexcept {
  std::free(p);
}

namespace troupe {

namespace raft {

bool operator==(const proposal& a, const proposal& b) {
  return a.kind == b.kind && a.from == b.from && a.payload == b.payload;
}

} // namespace raft

bool operator==(const forward_proposals& a, const forward_proposals& b) {
  return a.term == b.term && a.proposals == b.proposals;
}
bool operator==(const forward_refusal& a, const forward_refusal& b) {
  return a.asker == b.asker && a.of == b.of && a.numbers == b.numbers && a.why == b.why;
}
bool operator==(const peer_condition& a, const peer_condition& b) {
  return a.disk_full == b.disk_full;
}
bool operator==(const forward_handover& a, const forward_handover& b) {
  return a.term == b.term && a.to == b.to;
}
bool operator==(const forward_member& a, const forward_member& b) {
  return a.asker == b.asker && a.number == b.number && a.timeout_ms == b.timeout_ms && a.wish == b.wish;
}
bool operator==(const member_answer& a, const member_answer& b) {
  return a.asker == b.asker && a.number == b.number && a.outcome == b.outcome;
}

namespace {

entry some_entry(std::uint64_t index) {
  return {term_t{4},      index_t{index}, entry_kind::command, 1'700'000'000'123, {incarnation_t{9}, index},
          blob{"payload"}};
}

snapshot_meta some_meta() {
  membership members{cluster_id{1, 2},
                     {{node_id{"n1"}, storage_id{3, 4}, "127.0.0.1:7000", "127.0.0.1:8000", true},
                      {node_id{"n2"}, storage_id{5, 6}, "127.0.0.1:7001", "127.0.0.1:8001", false}}};
  return {index_t{12}, term_t{3}, members};
}

/// One of every kind, no field at its default.
std::vector<peer_message> one_of_each() {
  using namespace raft;
  return {
      message{pre_vote_request{term_t{1}, index_t{2}, term_t{3}}},
      message{pre_vote_response{term_t{4}, true}},
      message{vote_request{term_t{5}, index_t{6}, term_t{7}, true}},
      message{vote_response{term_t{8}, true}},
      message{append_request{
          term_t{9}, index_t{10}, term_t{3}, index_t{11}, 12, false, {some_entry(11), some_entry(12)}}},
      message{append_response{term_t{13}, true, index_t{14}, index_t{15}, term_t{16}, 17}},
      message{install_snapshot{term_t{18}, some_meta(), 1'000, 512, std::string("chunk\0bytes", 11), true}},
      message{install_snapshot_response{term_t{19}, index_t{20}, 21, install_status::rejected}},
      message{read_index_request{term_t{22}, 23}},
      message{read_index_response{term_t{24}, 25, true, index_t{26}}},
      message{timeout_now{term_t{34}}},
      forward_proposals{term_t{27},
                        {{entry_kind::command, {incarnation_t{28}, 29}, blob{"a"}},
                         {entry_kind::membership, {incarnation_t{30}, 31}, blob{"b"}}}},
      forward_refusal{incarnation_t{31}, {32, 33}, raft::refusal::overloaded, shortage::disk},
      forward_refusal{incarnation_t{31}, {34}, raft::refusal::overloaded, shortage::memory},
      peer_condition{true},
      peer_condition{},
      forward_handover{term_t{35}, node_id{"n3"}},
      forward_member{incarnation_t{36}, 37, 38, {member_action::replace, node_id{"n4"}, "127.0.0.1:7003"}},
      member_answer{incarnation_t{39}, 40, member_result{true, index_t{41}, 3, 1}},
      member_answer{incarnation_t{42}, 43, troupe::refusal{refusal_kind::not_possible, 44, "it is behind"}},
  };
}

TEST(peer_codec, every_kind_is_in_the_sample) {
  std::vector<std::size_t> kinds;
  for (auto& m : one_of_each()) {
    auto* core = std::get_if<raft::message>(&m);
    kinds.push_back(core ? core->index() : std::variant_size_v<raft::message> + m.index());
  }
  std::sort(kinds.begin(), kinds.end());
  kinds.erase(std::unique(kinds.begin(), kinds.end()), kinds.end());
  EXPECT_EQ(kinds.size(), std::variant_size_v<raft::message> + std::variant_size_v<peer_message> - 1);
}

TEST(peer_codec, each_kind_survives_alone) {
  for (auto& m : one_of_each()) {
    auto back = decode_peer_messages(encode_peer_messages({m}));
    ASSERT_TRUE(back) << back.error().detail;
    ASSERT_EQ(back->size(), 1u);
    EXPECT_TRUE(back->front() == m) << "kind " << m.index();
  }
}

TEST(peer_codec, a_batch_keeps_its_order) {
  auto batch = one_of_each();
  auto back = decode_peer_messages(encode_peer_messages(batch));
  ASSERT_TRUE(back) << back.error().detail;
  EXPECT_TRUE(*back == batch);
}

TEST(peer_codec, an_empty_batch_is_a_batch) {
  auto back = decode_peer_messages(encode_peer_messages({}));
  ASSERT_TRUE(back);
  EXPECT_TRUE(back->empty());
}

TEST(peer_codec, every_truncation_is_refused) {
  auto bytes = encode_peer_messages(one_of_each());
  for (std::size_t size = 0; size < bytes.size(); ++size) {
    auto back = decode_peer_messages(std::string_view{bytes}.substr(0, size));
    ASSERT_FALSE(back) << "cut at " << size;
    EXPECT_EQ(back.error().code, errc::corrupt);
  }
}

TEST(peer_codec, trailing_bytes_are_refused) {
  EXPECT_FALSE(decode_peer_messages(encode_peer_messages(one_of_each()) + '\0'));
}

// A flipped payload byte still is a message; what may not happen is a crash, an unbounded allocation, or a
// value that does not encode to the same bytes again.
TEST(peer_codec, every_changed_byte_is_refused_or_a_message) {
  const auto bytes = encode_peer_messages(one_of_each());
  std::size_t refused = 0;
  for (std::size_t at = 0; at < bytes.size(); ++at) {
    for (auto mask : {0x01, 0x80, 0xff}) {
      auto changed = bytes;
      changed[at] = static_cast<char>(changed[at] ^ mask);
      largest_allocation = 0;
      auto back = decode_peer_messages(changed);
      // Growing a vector of messages doubles it; nothing that a length field claims may show.
      EXPECT_LE(largest_allocation, 64 * bytes.size()) << "byte " << at;
      if (!back) {
        ++refused;
        continue;
      }
      EXPECT_EQ(encode_peer_messages(*back), changed) << "byte " << at;
    }
  }
  EXPECT_GT(refused, bytes.size() / 10);
}

TEST(peer_codec, counts_that_lie_allocate_nothing) {
  std::string bytes("\xff\xff\xff\xff", 4);
  bytes += std::string(64, '\0');
  largest_allocation = 0;
  EXPECT_FALSE(decode_peer_messages(bytes));
  EXPECT_LE(largest_allocation, 4096u);
}

} // namespace
} // namespace troupe
