#include "base/entry_archive.hpp"
#include "messages/peer.hpp"
#include "raft/formation_archive.hpp"
#include "raft/message_archive.hpp"
#include "tests/fuzzing/pieces.hpp"
#include "tests/fuzzing/seeds.hpp"

namespace troupe::fuzzing {

namespace {

using namespace raft;

membership three() {
  return {cluster_id{1, 2},
          {{node_id{"n1"}, storage_id{1, 1}, "a:1", "a:8", true},
           {node_id{"n2"}, storage_id{2, 2}, "b:1", "b:8", true},
           {node_id{"n3"}, storage_id{3, 3}, "c:1", "c:8", true}}};
}

entry entry_at(std::uint64_t index, std::uint64_t term) {
  return {term_t{term}, index_t{index}, entry_kind::command, 5, {incarnation_t{9}, index}, blob{"payload"}};
}

entry members_at(std::uint64_t index, std::uint64_t term) {
  auto four = three();
  four.members.push_back({node_id{"n4"}, storage_id{4, 4}, "d:1", "d:8", false});
  return {term_t{term}, index_t{index}, entry_kind::membership, 5, {}, blob{encode(four)}};
}

std::string said(char what, const message& m) {
  std::string out(1, what);
  append_stretch(out, encode(m));
  return out;
}

constexpr char from_n2 = 10;
constexpr char from_n3 = 10 + 16;
const std::string persist_all = "\1";
const std::string store = "\7";
std::string ticks(char count) {
  return {'\0', count};
}

/// Follows, takes entries and a conflict, answers reads, gets a snapshot.
std::string follower() {
  append_request first{
      term_t{2}, index_t{1}, term_t{1}, index_t{2}, 1, true, {entry_at(2, 2), members_at(3, 2)}};
  append_request other{term_t{3}, index_t{2}, term_t{2}, index_t{3}, 2, true, {entry_at(3, 3)}};
  auto newer = three();
  install_snapshot begin{term_t{3}, {index_t{20}, term_t{3}, newer}, 8, 0, "half", false};
  install_snapshot end{term_t{3}, {index_t{20}, term_t{3}, newer}, 8, 4, "half", true};
  append_request after{term_t{3}, index_t{20}, term_t{3}, index_t{21}, 3, true, {entry_at(21, 3)}};
  return said(from_n2, first) + persist_all +
         said(from_n2, append_request{term_t{2}, {}, {}, index_t{2}, 2, true, {}}) + "\4" +
         said(from_n2, read_index_response{term_t{2}, 1, true, index_t{2}}) + said(from_n3, other) +
         persist_all + said(from_n3, begin) + store + said(from_n3, end) + store + said(from_n3, after) +
         persist_all + said(from_n3, timeout_now{term_t{3}});
}

/// Is elected, replicates, hands over.
std::string leader() {
  std::string out = ticks(8) + said(from_n2, pre_vote_response{term_t{2}, true}) + persist_all +
                    said(from_n3, vote_response{term_t{2}, true}) + persist_all;
  out += said(from_n2, append_response{term_t{2}, true, index_t{2}, {}, {}, 0});
  out += std::string{"\3\5hello", 7} + persist_all + std::string{"\4"};
  out += said(from_n2, append_response{term_t{2}, true, index_t{3}, {}, {}, 1});
  out += said(from_n3, append_response{term_t{2}, false, index_t{1}, index_t{0}, term_t{0}, 1});
  out += said(from_n3, read_index_request{term_t{2}, 7}) + "\x09" + persist_all;
  out += said(from_n3, install_snapshot_response{term_t{2}, index_t{3}, 4, install_status::receiving});
  return out + "\6" + ticks(3) + said(from_n2, vote_request{term_t{3}, index_t{4}, term_t{2}, true}) +
         said(from_n3, append_request{term_t{3}, index_t{4}, term_t{2}, index_t{4}, 1, true, {}});
}

std::string stretch_of(const std::string& bytes) {
  std::string out;
  append_stretch(out, bytes);
  return out;
}

std::string said(char what, const formation_message& m) {
  return what + stretch_of(encode(m));
}

/// All meet, and n1 proposes; or it hears what others have formed.
void make_formation_seeds(const seed_sink& keep) {
  const std::vector<std::string> addresses{"a:1", "b:2", "c:3"};
  auto v = three();
  v.members[1].peer_address = "b:2";
  v.members[2].peer_address = "c:3";
  auto none = stretch_of(encode(formation_record{}));
  constexpr char from_b = 4 + 8 + 16, from_c = 4 + 8;
  auto greet =
      said(from_b, hello{v.members[1], addresses, {}}) + said(from_c, hello{v.members[2], addresses, {}});
  auto proposed = v;
  proposed.cluster = cluster_id{7, 7};
  keep("formation", "proposes",
       none + greet + said(from_b, accepted_membership{proposed}) +
           said(from_c, accepted_membership{proposed}));
  keep("formation", "is-offered",
       none + said(from_b, propose_membership{v}) + said(from_c, formed_membership{v}));
  keep("formation", "refused",
       none + said(from_b, formation_refused{hello_verdict::stale_list, "no", v}) +
           said(from_c, hello{v.members[2], addresses, {v, true}}));
  keep("formation", "formed",
       stretch_of(encode(formation_record{v, true})) + greet + said(from_b, formed_membership{v}));
}

} // namespace

void make_raft_seeds(const seed_sink& keep) {
  make_formation_seeds(keep);
  keep("raft_core", "follower", follower());
  keep("raft_core", "leader", leader());
  std::vector<peer_message> every{
      message{pre_vote_request{term_t{1}, index_t{2}, term_t{3}}},
      message{append_request{term_t{9}, index_t{10}, term_t{3}, index_t{11}, 12, false, {entry_at(11, 4)}}},
      message{install_snapshot{term_t{18}, {index_t{2}, term_t{3}, three()}, 100, 5, "chunk", true}},
      forward_proposals{term_t{27}, {{entry_kind::command, {incarnation_t{28}, 29}, blob{"a"}}}},
      forward_refusal{incarnation_t{31}, {32, 33}, raft::refusal::overloaded, {}},
      peer_condition{true},
      forward_member{incarnation_t{36}, 37, 500, {member_action::promote, node_id{"n3"}, {}}},
      member_answer{incarnation_t{38}, 39, member_result{true, index_t{40}, 3, 1}},
      forward_handover{term_t{35}, node_id{"n3"}},
  };
  keep("peer_messages", "every", encode_peer_messages(every));
  for (std::size_t i = 0; i < every.size(); ++i)
    keep("peer_messages", std::to_string(i), encode_peer_messages({every[i]}));
}

} // namespace troupe::fuzzing
