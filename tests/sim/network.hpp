#pragma once

// What stands in for peer_link, middleman and network between the nodes: connections that come and go, and
// frames on them that are lost, late, repeated or overtaken, or that only one direction carries.

#include "messages/peer.hpp"
#include "tests/sim/calendar.hpp"
#include "tests/sim/coverage.hpp"
#include "tests/sim/dice.hpp"

#include <cstdint>
#include <functional>
#include <set>
#include <string>
#include <utility>
#include <vector>

namespace troupe::simulation {

struct weather {
  std::int64_t delay_min_ms = 0;
  std::int64_t delay_max_ms = 2; ///< different delays reorder
  unsigned lost_permille = 0;
  unsigned repeated_permille = 0;
  bool reorders = false; ///< false: what was sent first arrives first
};

/// One node as the network sees it; told by number.
struct station {
  std::function<bool()> runs;   ///< the process is there, perhaps stopped for a while
  std::function<bool()> paused; ///< it does nothing at the moment
  std::function<std::uint64_t()> life;
  std::function<void(unsigned peer, bool up, std::uint64_t connection)> link_changed;
  std::function<void(unsigned peer, storage_id storage, std::vector<peer_message>)> receive;
  std::function<void(unsigned peer, raft::formation_message)> receive_formation;
};

class network {
public:
  network(dice& random, calendar& time, coverage& seen) : random_(random), time_(time), seen_(seen) {}

  unsigned add(station s);
  void set(weather w) { weather_ = w; }
  const weather& now() const { return weather_; }

  /// Told of each message that leaves.
  std::function<void(unsigned from, unsigned to, const raft::message&)> watch;

  // Called by a node's links.
  void send(unsigned from, unsigned to, std::uint64_t life, const link_send& out);
  void send_formation(unsigned from, unsigned to, std::uint64_t life, raft::formation_message m);
  /// The end at `from` knows who is at the other one.
  void identified(unsigned from, unsigned to, std::uint64_t life, const link_identity& who);

  /// From now on nothing gets through in this direction; what is on its way is lost.
  void cut(unsigned from, unsigned to) { cut_.insert({from, to}); }
  void heal() { cut_.clear(); }
  bool is_cut(unsigned from, unsigned to) const { return cut_.contains({from, to}); }
  bool any_cut() const { return !cut_.empty(); }
  /// Whether a message to a client, or of one, gets through is drawn here too.
  bool loses() { return random_.permille(weather_.lost_permille); }
  std::int64_t delay() { return random_.between(weather_.delay_min_ms, weather_.delay_max_ms); }

  /// Connections come up and go down as time passes; to be called every maintenance_ms.
  void maintain();
  static constexpr std::int64_t maintenance_ms = 100;
  /// The end at `from` has given the connection up.
  void closed(unsigned from, unsigned to, std::uint64_t life);
  /// For a person: what each end believes, as "1-2: up, identified".
  std::string describe();
  /// A node is gone or has come: its connections are.
  void gone(unsigned who);

private:
  /// What one end believes.
  struct view {
    bool up = false;
    bool identified = false;
    storage_id storage; ///< of whoever is at the other end
    std::uint64_t connection = 0;
    std::int64_t heard_ms = 0;
    std::int64_t busy_until_ms = 0; ///< what is sent later arrives later, unless frames are overtaken
  };
  struct frame {
    unsigned from;
    unsigned to;
    std::uint64_t connection;
    bool formation;
    std::string payload;
  };

  view& at(unsigned who, unsigned peer) { return views_[who * stations_.size() + peer]; }
  void change(unsigned who, unsigned peer, bool up);
  void connect(unsigned a, unsigned b);
  void notice_silence(unsigned who, unsigned peer);
  bool usable(unsigned from, unsigned to, std::uint64_t life);
  void launch(frame f);
  void arrive(const frame& f, bool repeated);

  dice& random_;
  calendar& time_;
  coverage& seen_;
  weather weather_;
  std::vector<station> stations_;
  std::vector<view> views_;
  std::set<std::pair<unsigned, unsigned>> cut_;
  std::uint64_t connections_ = 0;
};

} // namespace troupe::simulation
