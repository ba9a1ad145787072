// Nodes of the same list found a cluster; what the other two say comes from the input. A step: what (u8),
// then what it takes.

#include "raft/formation.hpp"
#include "raft/formation_archive.hpp"
#include "tests/fuzzing/pieces.hpp"
#include "tests/fuzzing/target.hpp"

namespace troupe::fuzzing {

namespace {

const std::vector<std::string>& addresses() {
  static const std::vector<std::string> list{"a:1", "b:2", "c:3"};
  return list;
}

template <class T>
std::optional<T> decoded(std::string_view bytes) {
  memory_bound bound{bytes.size()};
  auto value = decode<T>(bytes, "input");
  if (!value) return std::nullopt;
  require(encode(*value) == bytes, "nothing has two encodings");
  return std::move(*value);
}

void persist(raft::formation& node, bool& writing) {
  if (!writing) return;
  writing = false;
  auto before = node.record();
  node.persisted();
  require(!before.accepted || node.record().accepted == before.accepted, "what is accepted never changes");
}

void take(raft::formation& node, bool& writing) {
  auto out = node.take();
  if (!out.persist) return;
  require(!writing, "one record is written at a time");
  writing = true;
}

void run(std::string_view input) {
  pieces in{input};
  member self{node_id{"n1"}, storage_id{1, 1}, "a:1", "a:8", true};
  auto from_disk = decoded<raft::formation_record>(in.stretch());
  // The node refuses a record that is formed without a membership before it gets here.
  if (from_disk && from_disk->formed && !from_disk->accepted) return;
  raft::formation node{self, addresses(), from_disk.value_or(raft::formation_record{}), cluster_id{7, 7}};
  bool writing = false;
  for (int i = 0; i < 100 && !in.done(); ++i) {
    auto what = in.byte();
    auto from = what & 8 ? addresses()[what & 16 ? 1 : 2] : std::string(in.take(3));
    switch (what % 8) {
    case 0: node.connected(from); break;
    case 1: node.disconnected(from); break;
    case 2: node.tick(); break;
    case 3: persist(node, writing); break;
    default:
      if (auto m = decoded<raft::formation_message>(in.stretch())) node.step(from, *m);
    }
    take(node, writing);
    persist(node, writing);
  }
  require(node.state() != raft::formation_state::formed || node.record().formed, "formed is durable");
  node.missing();
}

} // namespace

constinit const target formation{"formation", run};

} // namespace troupe::fuzzing
