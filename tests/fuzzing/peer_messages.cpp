// The body of a frame between two nodes.

#include "messages/peer.hpp"
#include "tests/fuzzing/target.hpp"

namespace troupe::fuzzing {

namespace {

void run(std::string_view input) {
  memory_bound bound{input.size()};
  auto decoded = decode_peer_messages(input);
  if (!decoded) {
    require(decoded.error().code == errc::corrupt, "damage is called so");
    return;
  }
  require(encode_peer_messages(*decoded) == input, "nothing has two encodings");
}

} // namespace

constinit const target peer_messages{"peer_messages", run};

} // namespace troupe::fuzzing
