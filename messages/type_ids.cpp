#include "messages/type_ids.hpp"

namespace troupe {

void announce_network_messages(caf::actor_system_config& config) {
  config.add_message_type<link_hello>("troupe::link_hello");
  config.add_message_type<link_frame>("troupe::link_frame");
  config.add_message_type<link_ack>("troupe::link_ack");
  config.add_message_type<client_requests>("troupe::client_requests");
  config.add_message_type<client_answers>("troupe::client_answers");
}

} // namespace troupe
