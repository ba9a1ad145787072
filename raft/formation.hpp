#pragma once

// How a cluster comes into being, once, and why nobody votes from amnesia (docs/architecture.md, design of
// consensus).
//
// Every node starts with the same list of peer addresses, its own member record, and what its data folder
// says. When all listed nodes have met, all with empty folders and the same list, the one with the lowest id
// proposes a membership V: a fresh cluster id and everyone's member record, storage ids included. Each node
// durably accepts the first V that names it exactly, and never another. Who knows that all members accepted V
// has V formed, persists that, and starts its consensus core with V as entry 1.
//
// Safety. A core of V runs only on nodes whose folder says "V formed". A node writes that only when it knows
// that every member of V durably accepted V: by an answer, or because V reached it, which its author sends
// only after accepting V durably itself. A folder holds at most one accepted V in its life. So let V and W
// both be formed. They were made of the same addresses (each node checks V against its own list). The folder
// that accepted V at an address is either the one that accepted W there, and V = W, or another one, and then
// one of the two was gone before the other was made. Hence while one folder of V is alive, no W can be
// formed: W needs an acceptance at that address. A node that lost its folder has a new storage id, is in no V
// accepted before, and is told so (replaced_storage) instead of voting or acknowledging again what it forgot.
// Nothing is ever committed by a part of the cluster before all of it durably agreed on exactly V.
//
// Liveness. If a folder is lost between the first acceptance and the last, V can never form; the nodes say so
// and wait for a person.
//
// Pure: links, disk and random bits are the driver's. Not thread-safe; one owner.

#include "base/entry.hpp"
#include "raft/output.hpp"

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace troupe::raft {

/// What a data folder remembers. Written as a whole, atomically and durably.
struct formation_record {
  /// Never changed once written, but for one case: a folder whose node was removed from its cluster holds the
  /// membership without it, and is of no use any more.
  std::optional<membership> accepted;
  bool formed = false; ///< everyone accepted it

  friend bool operator==(const formation_record&, const formation_record&) = default;
};

/// First message on a link, and repeated while its sender waits.
struct hello {
  member self;
  std::vector<std::string> addresses; ///< peer addresses of the whole cluster, sorted
  formation_record record;
  bool joining = false; ///< the folder is empty, and its node waits to be added to a cluster
  /// Of a formed node: where its log says last that it is a member. None while its log has not begun.
  log_position listed_at = {};

  friend bool operator==(const hello&, const hello&) = default;
};

struct propose_membership {
  membership proposed;
  friend bool operator==(const propose_membership&, const propose_membership&) = default;
};

/// The sender durably accepted it.
struct accepted_membership {
  membership accepted;
  friend bool operator==(const accepted_membership&, const accepted_membership&) = default;
};

/// Everyone accepted it; or, to a node that waits to be added, it is committed and names that node.
struct formed_membership {
  membership formed;
  log_position at = {}; ///< of the entry it stands in; none: the first one
  friend bool operator==(const formed_membership&, const formed_membership&) = default;
};

enum class hello_verdict : std::uint8_t {
  accept = 0,           ///< a member, with the storage the log knows
  foreign_cluster = 1,  ///< belongs to another cluster
  replaced_storage = 2, ///< a member's id or address with another storage: the receiver must not start
  not_a_member = 3,     ///< neither id nor address is known
  stale_list = 4,       ///< its list of addresses is not that of the cluster
  removed = 5,          ///< was a member: the receiver must stop for good
  waiting = 6,          ///< joining, and nobody has added it yet
};

/// Why the sender will not form a cluster with the receiver. `members` is what the sender accepted or formed,
/// if anything.
struct formation_refused {
  hello_verdict reason = hello_verdict::not_a_member;
  std::string sentence;
  std::optional<membership> members;
  friend bool operator==(const formation_refused&, const formation_refused&) = default;
};

using formation_message =
    std::variant<hello, propose_membership, accepted_membership, formed_membership, formation_refused>;

struct formation_envelope {
  std::string to; ///< peer address
  formation_message body;
  friend bool operator==(const formation_envelope&, const formation_envelope&) = default;
};

enum class formation_state {
  waiting, ///< for nodes to meet or to answer; `problem` may say what is in the way
  formed, ///< durably: start the core with first_hard_state() and first_entry() (or the log, if it has begun)
  replaced_storage, ///< this node's folder is not the one the cluster knows: exit code 2
  foreign_folder,   ///< this folder belongs to another node or another cluster: exit code 2
};

struct formation_output {
  /// Persist, then call persisted(). At most one is on its way at a time. Messages that need it are held
  /// back.
  std::optional<formation_record> persist;
  std::vector<formation_envelope> messages;
  /// Something about state(), problem() or missing() changed since the last output.
  bool changed = false;
};

/// Runs from start until state() leaves `waiting`; bounded by the number of listed addresses.
class formation {
public:
  /// `addresses` are sorted, unique and hold self.peer_address. `fresh_cluster` is random, used if this node
  /// is the one to propose. A list of one address forms at once (after its persist).
  formation(member self, std::vector<std::string> addresses, formation_record from_disk,
            cluster_id fresh_cluster);

  /// The link to this address is up: it is greeted.
  void connected(const std::string& address);
  /// The link is down: that node has to be met again.
  void disconnected(const std::string& address);
  void step(const std::string& from_address, const formation_message& m);
  /// Now and then, about once a second: repeats what may have been lost.
  void tick();
  void persisted();
  formation_output take();

  formation_state state() const { return state_; }
  /// One sentence for the person who waits or reads the exit message; names the other node. Empty: nothing is
  /// wrong.
  const std::string& problem() const { return problem_; }
  /// Listed addresses that have not said hello yet.
  std::vector<std::string> missing() const;
  /// What the folder says, as far as it is durable.
  const formation_record& record() const { return durable_; }

private:
  void receive(const std::string& from, const hello& m);
  void receive(const std::string& from, const propose_membership& m);
  void receive(const std::string& from, const accepted_membership& m);
  void receive(const std::string& from, const formed_membership& m);
  void receive(const std::string& from, const formation_refused& m);

  void consider(const std::string& from, const membership& offered);
  void learn_formed(const std::string& from, const membership& formed);
  bool knows_another_folder(const std::string& from, const membership& theirs);
  bool fits(const membership& offered) const;
  void note_acceptance(const std::string& address, const membership& accepted);
  void form_if_all_accepted();
  void propose_if_all_met();
  std::string obstacle() const;
  std::string obstacle_at(const std::string& address, const hello& theirs) const;
  void review();
  void set(formation_state state, std::string problem);
  void write(formation_record record);
  void send(const std::string& to, formation_message m);
  void send_to_others(const formation_message& m);
  void greet(const std::string& address);
  bool is_listed(const std::string& address) const;

  const member self_;
  const std::vector<std::string> addresses_;
  const cluster_id fresh_cluster_;

  formation_record durable_;
  std::optional<formation_record> writing_;     ///< handed to the driver or about to be
  bool handed_out_ = false;                     ///< writing_ was in an output
  std::map<std::string, hello> met_;            ///< newest hello of the connected others, by address
  std::map<std::string, std::string> refusals_; ///< why a listed node refused us, by address
  std::set<std::string> accepted_by_; ///< addresses known to have durably accepted durable_.accepted
  formation_state state_ = formation_state::waiting;
  std::string problem_;
  std::vector<formation_envelope> messages_;
  bool changed_ = true;
};

/// What a node of a formed cluster thinks of a peer that greets it. docs/decisions/0007 argues why those who
/// may come in may.
struct hello_check {
  hello_verdict verdict = hello_verdict::accept;
  std::string sentence; ///< why not; empty for accept
  /// To send back: formed_membership to a member that does not know yet, formation_refused to one that is
  /// refused.
  std::optional<formation_message> reply;
};

/// Precondition: known.committed is not empty.
hello_check check_hello(const known_members& known, const hello& greeting);

/// The member with this id and this storage; null: none.
const member* find_storage(const membership& members, const member& who);

/// How every log of the cluster begins: index 1, term 1, kind membership.
entry first_entry(const membership& formed);
hard_state first_hard_state();

std::string_view to_string(hello_verdict verdict);

} // namespace troupe::raft
