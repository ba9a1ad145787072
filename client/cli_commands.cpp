#include "client/cli_commands.hpp"

#include "client/cli_json.hpp"
#include "client/cli_table.hpp"
#include "command/health.hpp"
#include "command/limits.hpp"
#include "config/member.hpp"

#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <memory>

namespace troupe::client {

namespace {

/// JSON spells bytes at up to six times their length; more cannot become a command.
constexpr std::size_t input_bytes_max = 6 * limits::command_bytes_max;
constexpr std::uint32_t page_items = 1'000;

exit_code code_of(failure_kind kind) {
  switch (kind) {
  case failure_kind::unavailable:
  case failure_kind::timed_out: return exit_code::unavailable;
  case failure_kind::outcome_unknown: return exit_code::unknown;
  case failure_kind::conflict:
  case failure_kind::compacted:
  case failure_kind::not_reached:
  case failure_kind::cursor_gone: return exit_code::no;
  case failure_kind::invalid: break;
  }
  return exit_code::invalid;
}

/// A file, or standard input for "-".
result<std::string> read_input(const std::string& path) {
  const auto close = [](std::FILE* f) {
    if (f != stdin) std::fclose(f);
  };
  std::unique_ptr<std::FILE, decltype(close)> file{path == "-" ? stdin : std::fopen(path.c_str(), "rb"),
                                                   close};
  const auto bad = [&](const std::string& why) {
    return failure{failure_kind::invalid, (path == "-" ? std::string{"standard input"} : path) + ": " + why};
  };
  if (!file) return bad(std::strerror(errno));
  std::string text;
  char part[64 * 1024];
  while (const auto n = std::fread(part, 1, sizeof part, file.get())) {
    text.append(part, n);
    if (text.size() > input_bytes_max) return bad("larger than any command may be");
  }
  if (std::ferror(file.get())) return bad(std::strerror(errno));
  return text;
}

/// What put is to store: --file, else the argument, else standard input.
result<std::string> value_to_put(const cli_options& o) {
  if (!o.file.empty()) return read_input(o.file);
  if (!o.value || *o.value == "-") return read_input("-");
  return *o.value;
}

/// False, with a message, when standard output cannot take it.
bool print(std::string_view text) {
  if (std::fwrite(text.data(), 1, text.size(), stdout) == text.size() && std::fflush(stdout) == 0)
    return true;
  std::fprintf(stderr, "troupe: standard output: %s\n", std::strerror(errno));
  return false;
}

std::string at_revision(revision_t revision) {
  return "revision " + std::to_string(revision.value);
}

condition condition_of(const cli_options& o) {
  condition when;
  when.absent = o.if_absent;
  if (o.if_revision) when.mod_revision = revision_t{*o.if_revision};
  return when;
}

consistency mode_of(const cli_options& o) {
  return o.stale ? consistency::stale : consistency::linearizable;
}

} // namespace

exit_code show(std::string_view text, exit_code code) {
  return print(text) ? code : exit_code::invalid;
}

exit_code say(const cli_options& o, const failure& why) {
  if (o.json_output)
    std::fputs(failure_json(why).c_str(), stderr);
  else
    std::fprintf(stderr, "troupe: %s: %s\n", std::string{to_string(why.kind)}.c_str(), why.detail.c_str());
  return code_of(why.kind);
}

exit_code run_put(const cli_options& o) {
  auto value = value_to_put(o);
  if (!value) return say(o, value.error());
  auto type = o.value_is_bytes ? media_type::bytes : guess_media_type(*value);
  if (o.value_is_json) {
    if (auto fine = check_json_value(*value); !fine) return say(o, fine.error());
    type = media_type::json;
  }
  client store{o.endpoints, o.client};
  auto done = store.put(o.key, *value, type, condition_of(o), o.embed);
  if (!done) return say(o, done.error());
  if (o.json_output) return show(put_json(o.key, *done));
  return show(at_revision(done->revision) + (done->created ? ", created\n" : ", replaced\n"));
}

exit_code run_get(const cli_options& o) {
  client store{o.endpoints, o.client};
  read_options how{mode_of(o), std::nullopt};
  if (o.revision) how.at = revision_t{*o.revision};
  auto read = store.get(o.key, how);
  if (!read) return say(o, read.error());
  if (!read->found) {
    std::fprintf(stderr, "troupe: \"%s\" does not exist at %s\n", o.key.c_str(),
                 at_revision(read->revision).c_str());
    return exit_code::no;
  }
  if (o.json_output) return show(get_json(*read->found, read->revision));
  std::string out{read->found->value.view()};
  // Exactly the bytes that were put, but for a person's prompt.
  if (::isatty(STDOUT_FILENO) && !out.ends_with('\n')) out += '\n';
  return show(out);
}

exit_code run_del(const cli_options& o) {
  client store{o.endpoints, o.client};
  auto done = store.erase(o.key, condition_of(o));
  if (!done) return say(o, done.error());
  const auto code = done->deleted ? exit_code::ok : exit_code::no;
  if (o.json_output) return show(erase_json(o.key, *done), code);
  return show(at_revision(done->revision) + (done->deleted ? ", deleted\n" : ", was not there\n"), code);
}

exit_code run_bulk(const cli_options& o) {
  auto text = read_input(o.file.empty() ? "-" : o.file);
  if (!text) return say(o, text.error());
  auto write = bulk_from_json(std::move(*text));
  if (!write) return say(o, write.error());
  const auto count = write->success.size();
  client store{o.endpoints, o.client};
  auto done = store.transact(std::move(*write), o.embed);
  if (!done) return say(o, done.error());
  if (o.json_output) return show(bulk_json(count, done->revision));
  return show(at_revision(done->revision) + ", " + std::to_string(count) + " items\n");
}

exit_code run_txn(const cli_options& o) {
  auto text = read_input(o.file.empty() ? "-" : o.file);
  if (!text) return say(o, text.error());
  auto write = transaction_from_json(std::move(*text));
  if (!write) return say(o, write.error());
  client store{o.endpoints, o.client};
  auto done = store.transact(std::move(*write), o.embed);
  if (!done) return say(o, done.error());
  return show(transaction_json(*done), done->succeeded ? exit_code::ok : exit_code::no);
}

exit_code run_scan(const cli_options& o) {
  client store{o.endpoints, o.client};
  auto left = o.limit.value_or(UINT64_MAX);
  range_query first;
  first.start = o.prefix;
  first.end = o.prefix.empty() ? std::string{} : prefix_end(o.prefix);
  first.keys_only = o.keys_only;
  first.reverse = o.reverse;
  if (o.revision) first.at = revision_t{*o.revision};
  for (std::optional<range_query> range = first; range && left > 0;) {
    range->limit = static_cast<std::uint32_t>(std::min<std::uint64_t>(page_items, left));
    auto page = store.scan(*range, mode_of(o));
    if (!page) return say(o, page.error());
    std::string out;
    for (auto& item : page->items) {
      if (o.json_output)
        out += scan_item_json(item, o.keys_only);
      else
        out += o.keys_only ? item.key + "\n" : item.key + "\t" + std::string{item.value.view()} + "\n";
    }
    if (!print(out)) return exit_code::invalid;
    left -= std::min<std::uint64_t>(left, page->items.size());
    range = next_page(std::move(*range), *page);
  }
  return exit_code::ok;
}

result<node_id> node_of(const cli_options& o) {
  auto id = config::parse_node_id(o.node);
  if (!id) return failure{failure_kind::invalid, id.error().detail};
  return *std::move(id);
}

exit_code run_status(const cli_options& o) {
  auto status = status_of_leader(o);
  if (!status) return say(o, status.error());
  auto shown = show(o.json_output ? status_json(*status) : status_table(*status));
  if (shown != exit_code::ok) return shown;
  // What a node that does not lead cannot tell is no reason to wake somebody.
  auto state = assess(*status).state;
  return state == cluster_state::healthy || state == cluster_state::unknown ? exit_code::ok : exit_code::no;
}

exit_code run_snapshot(const cli_options& o) {
  client store{o.endpoints, o.client};
  auto done = store.snapshot();
  if (!done) return say(o, done.error());
  if (o.json_output) return show(snapshot_json(*done));
  return show("snapshot at log index " + std::to_string(done->index.value) + ", term " +
              std::to_string(done->term.value) + ", " + std::to_string(done->bytes) + " bytes\n");
}

exit_code run_transfer(const cli_options& o) {
  node_id to;
  if (!o.node.empty()) {
    auto named = node_of(o);
    if (!named) return say(o, named.error());
    to = *std::move(named);
  }
  client store{o.endpoints, o.client};
  auto done = store.transfer(std::move(to));
  if (!done) return say(o, done.error());
  if (o.json_output) return show(transfer_json(*done));
  return show(done->leader.name + " leads, in term " + std::to_string(done->term.value) + "\n");
}

} // namespace troupe::client
