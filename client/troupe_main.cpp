// troupe: the command line of a cluster. docs/cli.md describes it.

#include "client/cli_commands.hpp"

#include <CLI/CLI.hpp>

#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <functional>
#include <map>
#include <string_view>

namespace {

using namespace troupe::client;

constexpr const char* footer =
    "Exit codes: 0 done; 1 not found, or a condition did not hold; 2 wrong use or input, nothing was "
    "changed;\n"
    "3 unavailable, certainly nothing was changed; 4 a write that may or may not have been applied.";

/// What the command line says besides what stands in cli_options.
struct raw_options {
  std::string endpoints = "127.0.0.1:7000,127.0.0.1:7001,127.0.0.1:7002";
  std::uint64_t timeout_ms = 10'000;
  tls_files tls;
  std::string output = "text";
  bool json = false; ///< of commands that answer in text without it
};

std::vector<std::string> split_at_commas(const std::string& text) {
  std::vector<std::string> parts;
  std::size_t begin = 0;
  for (auto end = text.find(','); end != std::string::npos; end = text.find(',', begin)) {
    parts.push_back(text.substr(begin, end - begin));
    begin = end + 1;
  }
  parts.push_back(text.substr(begin));
  return parts;
}

void add_global(CLI::App& app, raw_options& raw) {
  app.add_option("--endpoints", raw.endpoints, "peer ports of nodes, tried in this order")
      ->type_name("HOST:PORT,...")
      ->envname("TROUPE_ENDPOINTS")
      ->capture_default_str();
  app.add_option("--timeout", raw.timeout_ms, "for each request, such as 500ms or 10s")
      ->transform(
          CLI::AsNumberWithUnit(std::map<std::string, std::uint64_t>{{"ms", 1}, {"s", 1'000}, {"m", 60'000}},
                                CLI::AsNumberWithUnit::UNIT_REQUIRED, "TIME"))
      ->type_name("TIME")
      ->default_str("10s");
  auto* certificate = app.add_option("--certificate", raw.tls.certificate, "PEM file: TLS certificate")
                          ->envname("TROUPE_CERTIFICATE");
  auto* key =
      app.add_option("--key", raw.tls.key, "PEM file: private key of the certificate")->envname("TROUPE_KEY");
  auto* ca =
      app.add_option("--ca", raw.tls.authority, "PEM file: the cluster's authority")->envname("TROUPE_CA");
  certificate->needs(key)->needs(ca);
  key->needs(certificate)->needs(ca);
  ca->needs(certificate)->needs(key);
  app.add_option("--output", raw.output, "text, or json: one document on a line, errors too")
      ->check(CLI::IsMember({"text", "json"}))
      ->type_name("FORM")
      ->default_str("text");
}

CLI::App* add_command(CLI::App& app, const char* name, const char* what) {
  auto* command = app.add_subcommand(name, what);
  command->fallthrough();
  return command;
}

void add_conditions(CLI::App& command, cli_options& o) {
  command.add_option("--if-revision", o.if_revision, "only if the key was last written at this revision");
}

void add_read_options(CLI::App& command, cli_options& o) {
  command.add_option("--revision", o.revision, "as it was at this revision")->check(CLI::PositiveNumber);
  command.add_flag("--stale", o.stale, "whatever the node that is asked has; faster, perhaps old");
}

void add_embed(CLI::App& command, cli_options& o) {
  command.add_flag("--embed", o.embed, "answer when a search by meaning finds it");
}

CLI::App* add_search(CLI::App& app, cli_options& o, raw_options& raw) {
  auto* search = add_command(app, "search", "find values by words, by meaning, or by both");
  auto* query =
      search->add_option("QUERY", o.query, "words, \"phrases\", prefix*, fuzzy~1, -without, OR, field:word");
  auto* cursor =
      search->add_option("--cursor", o.cursor, "go on in the results of an earlier search, on the same node");
  cursor->excludes(query);
  search->add_option("--mode", o.mode, "text, semantic or hybrid")
      ->check(CLI::IsMember({"text", "semantic", "hybrid"}));
  search->add_option("--limit", o.limit, "at most so many")->default_str("10");
  search->add_option("--offset", o.offset, "leave out the first so many");
  search->add_option("--prefix", o.prefix, "only keys that begin so");
  search->add_option("--filter", o.filter, "also has to match, and does not rank: 'price<20 tags=blue'");
  search->add_option("--fields", o.fields, "words without a field look only in these")
      ->delimiter(',')
      ->allow_extra_args(false);
  search->add_option("--facet", o.facets, "count the values of this field")
      ->type_name("FIELD[:LIMIT]")
      ->allow_extra_args(false);
  search->add_flag("--stale", o.stale, "whatever the node that is asked has indexed");
  search->add_option("--min-revision", o.min_revision, "the index has to hold this revision");
  search->add_flag("--wait-vectors", o.wait_vectors, "the vectors have to be as fresh as the words");
  search->add_flag("--explain", o.explain, "show the parts of each score");
  search->add_flag("--paged", o.paged, "end with a cursor while there is more");
  search->add_flag("--json", raw.json, "as JSON");
  return search;
}

/// It reads data folders, which this program knows nothing of: a program of the server's beside this one does
/// it.
int run_recover(char** argv) {
  std::error_code unknown;
  auto program = std::filesystem::read_symlink("/proc/self/exe", unknown).parent_path() / "troupe-recover";
  if (!unknown) ::execv(program.c_str(), argv + 1);
  std::fprintf(stderr, "troupe: cannot run %s: %s\n", program.c_str(), std::strerror(errno));
  return static_cast<int>(exit_code::invalid);
}

using action = std::function<exit_code(const cli_options&)>;

void add_member_commands(CLI::App& app, cli_options& o, std::map<CLI::App*, action>& actions) {
  auto* member = add_command(app, "member", "add, remove and list the members of the cluster");
  member->require_subcommand(1);
  const auto about_node = [&](const char* name, const char* what, action run) {
    auto* command = add_command(*member, name, what);
    command->add_option("NODE", o.node, "its id")->required();
    actions[command] = std::move(run);
    return command;
  };
  const auto brings_in = [&](CLI::App* command) {
    command->add_option("--peer", o.peer, "only the node at this peer address")->type_name("HOST:PORT");
    command->add_flag("--learner", o.as_learner, "do not wait for it to catch up and vote");
    command->add_option("--wait", o.wait_ms, "how long it may take to catch up, such as 10m")
        ->transform(CLI::AsNumberWithUnit(
            std::map<std::string, std::uint64_t>{{"ms", 1}, {"s", 1'000}, {"m", 60'000}, {"h", 3'600'000}},
            CLI::AsNumberWithUnit::UNIT_REQUIRED, "TIME"))
        ->type_name("TIME")
        ->default_str("10m");
  };
  brings_in(about_node("add", "add the node that was started with --join", run_member_add));
  brings_in(about_node("replace", "put the node that was started with --join in the place of a lost one",
                       run_member_replace));
  about_node("promote", "let a learner vote", run_member_promote);
  about_node("remove", "take a node out; it stops by itself", run_member_remove);
  actions[add_command(*member, "list", "show the members, and who waits to be added")] = run_member_list;
}

std::map<CLI::App*, action> add_commands(CLI::App& app, cli_options& o, raw_options& raw) {
  std::map<CLI::App*, action> actions;
  auto* put = add_command(app, "put", "store a value");
  put->add_option("KEY", o.key)->required();
  auto* value = put->add_option("VALUE", o.value, "the value; standard input if it is - or missing");
  put->add_option("--file", o.file, "take the value from this file")->excludes(value);
  auto* json = put->add_flag("--json", o.value_is_json, "the value is JSON, and must parse");
  put->add_flag("--bytes", o.value_is_bytes, "the value is bytes; else it is text if it is UTF-8")
      ->excludes(json);
  add_conditions(*put, o);
  add_embed(*put, o);
  put->add_flag("--if-absent", o.if_absent, "only if the key does not exist")->excludes("--if-revision");
  actions[put] = run_put;

  auto* get = add_command(app, "get", "print a value, exactly as it was put");
  get->add_option("KEY", o.key)->required();
  add_read_options(*get, o);
  get->add_flag("--json", raw.json, "with revisions and media type, as JSON");
  actions[get] = run_get;

  auto* del = add_command(app, "del", "delete a key");
  del->add_option("KEY", o.key)->required();
  add_conditions(*del, o);
  actions[del] = run_del;

  auto* bulk = add_command(app, "bulk",
                           "write many keys at one revision, all or nothing:\n"
                           "lines of {\"key\":..,\"value\":..} and {\"delete\":\"key\"}, or one\n"
                           "{\"items\":[..],\"delete\":[..]}");
  bulk->add_option("FILE", o.file, "standard input if it is - or missing");
  add_embed(*bulk, o);
  actions[bulk] = run_bulk;

  auto* txn = add_command(app, "txn",
                          "run a transaction:\n"
                          "{\"compare\":[..],\"success\":[..],\"failure\":[..]}");
  txn->add_option("FILE", o.file, "standard input if it is - or missing");
  add_embed(*txn, o);
  actions[txn] = run_txn;

  auto* scan = add_command(app, "scan", "list keys in order, key<TAB>value on a line");
  scan->add_option("PREFIX", o.prefix, "only keys that begin so");
  scan->add_option("--limit", o.limit, "at most so many");
  scan->add_flag("--keys-only", o.keys_only, "without values");
  scan->add_flag("--reverse", o.reverse, "from the last key down");
  add_read_options(*scan, o);
  scan->add_flag("--json", raw.json, "a JSON document on each line");
  actions[scan] = run_scan;

  actions[add_search(app, o, raw)] = run_search;

  auto* status = add_command(app, "status", "show the cluster and its nodes");
  status->add_flag("--json", raw.json, "as JSON");
  actions[status] = run_status;

  actions[add_command(app, "snapshot", "make the first node that answers write a snapshot now")] =
      run_snapshot;

  // For the list; main() has run them, unless an option stood before.
  const auto elsewhere = [](const cli_options& given) {
    return say(given, {failure_kind::invalid, "recover and restore come first on the line"});
  };
  actions[add_command(app, "recover", "rebuild from the folders that are left of a lost cluster")] =
      elsewhere;
  actions[add_command(app, "restore", "make a data folder out of a backup")] = elsewhere;

  auto* transfer = add_command(app, "transfer", "hand the leadership to another node");
  transfer->add_option("NODE", o.node, "its id; if missing, the voter that holds most of the log");
  actions[transfer] = run_transfer;

  add_member_commands(app, o, actions);
  return actions;
}

} // namespace

int main(int argc, char** argv) {
  if (argc > 1 && (std::string_view{argv[1]} == "recover" || std::string_view{argv[1]} == "restore"))
    return run_recover(argv);
  // A reader that ends early is seen as a failed write.
  std::signal(SIGPIPE, SIG_IGN);
  cli_options o;
  raw_options raw;
  CLI::App app{"Reads and writes a troupe, a replicated key-value store."};
  app.footer(footer);
  app.set_version_flag("--version", TROUPE_VERSION);
  app.require_subcommand(1);
  add_global(app, raw);
  const auto actions = add_commands(app, o, raw);
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& e) {
    return app.exit(e) == 0 ? 0 : static_cast<int>(exit_code::invalid);
  }
  o.endpoints = split_at_commas(raw.endpoints);
  o.client.timeout = std::chrono::milliseconds(raw.timeout_ms);
  if (!raw.tls.certificate.empty()) o.client.tls = raw.tls;
  o.client.in_order = true;
  // A single request is not worth a second connection.
  o.client.prefer_leader = false;
  o.json_output = raw.json || raw.output == "json";
  auto* chosen = app.get_subcommands().front();
  if (auto nested = chosen->get_subcommands(); !nested.empty()) chosen = nested.front();
  return static_cast<int>(actions.at(chosen)(o));
}
