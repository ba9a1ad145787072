#include "messages/type_ids.hpp"

#include <string>

namespace troupe {

void announce_network_messages(caf::actor_system_config& config) {
  // Named first: g++ 12 warns falsely about bounds when a literal becomes a string inside add_message_type.
  const std::string hello = "troupe::link_hello";
  const std::string frame = "troupe::link_frame";
  const std::string ack = "troupe::link_ack";
  const std::string requests = "troupe::client_requests";
  const std::string answers = "troupe::client_answers";
  config.add_message_type<link_hello>(hello);
  config.add_message_type<link_frame>(frame);
  config.add_message_type<link_ack>(ack);
  config.add_message_type<client_requests>(requests);
  config.add_message_type<client_answers>(answers);
}

} // namespace troupe
