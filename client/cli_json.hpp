#pragma once

// JSON of the command line. It is that of the HTTP interface (docs/http.md), read and written by the
// gateway's own translation, so that both always agree.

#include "client/client.hpp"

#include <string>
#include <string_view>

namespace troupe::client {

/// The body of POST /v1/txn.
result<transaction> transaction_from_json(std::string body);
/// The body of POST /v1/bulk, or JSON lines: {"key":..,"value":..} puts, {"delete":"key"} deletes.
result<transaction> bulk_from_json(std::string text);
/// The body of POST /v1/search.
result<search_request> search_from_json(std::string body);
/// Whether this is one JSON document.
result<void> check_json_value(std::string_view text);
/// How a value is to be kept that nobody called anything: text if it is UTF-8.
media_type guess_media_type(std::string_view value);

// One line each, ended by a line feed.
std::string put_json(const std::string& key, const put_done& done);
std::string erase_json(const std::string& key, const erase_done& done);
std::string get_json(const key_value& item, revision_t revision);
std::string scan_item_json(const key_value& item, bool keys_only);
std::string bulk_json(std::size_t count, revision_t revision);
std::string transaction_json(const command_result& done);
/// `asked` is what the result answers.
std::string search_json(const search_request& asked, search_result found);
std::string status_json(const cluster_status& status);
std::string snapshot_json(const snapshot_result& done);
std::string transfer_json(const transfer_result& done);
std::string member_json(const node_id& id, const member_result& done);
/// {"error":"unavailable","detail":"..."}
std::string failure_json(const failure& why);

} // namespace troupe::client
