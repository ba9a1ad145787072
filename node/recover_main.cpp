// troupe-recover: what `troupe recover` and `troupe restore` run. Builds a folder that begins a new cluster,
// out of the data folders that are left of one without a majority, or out of a backup.

#include "config/member.hpp"
#include "node/recover.hpp"

#include <CLI/CLI.hpp>

#include <pwd.h>
#include <sys/utsname.h>
#include <unistd.h>

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <filesystem>
#include <random>

namespace {

using namespace troupe;

struct arguments {
  std::vector<std::string> folders;
  std::string output;
  std::string confirmed;
};

constexpr int done = 0;
constexpr int refused = 2;
constexpr int disk_in_doubt = 3;

int say(const error& e, const char* command = "recover") {
  std::fprintf(stderr, "troupe %s: %s\n", command, e.detail.c_str());
  bool disk = e.code == errc::corrupt || e.code == errc::io_error || e.code == errc::disk_full;
  return disk ? disk_in_doubt : refused;
}

std::string absolute(const std::string& path) {
  auto text = std::filesystem::absolute(path).lexically_normal().string();
  while (text.size() > 1 && text.ends_with('/'))
    text.pop_back();
  return text;
}

std::string who() {
  // The person, not what sudo made of it.
  auto* before_sudo = std::getenv("SUDO_USER");
  auto* entry = ::getpwuid(::getuid());
  std::string user = before_sudo ? before_sudo : entry ? entry->pw_name : std::to_string(::getuid());
  utsname machine{};
  return user + "@" + (::uname(&machine) == 0 ? machine.nodename : "unknown");
}

std::string utc_now() {
  auto now = std::time(nullptr);
  std::tm parts{};
  ::gmtime_r(&now, &parts);
  char text[32];
  std::strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%SZ", &parts);
  return text;
}

void show(const surveyed_folder& f) {
  std::printf("%s\n", f.path.c_str());
  std::printf("  node      %s, storage %s\n", f.node.name.c_str(), f.storage.to_string().c_str());
  std::printf("  cluster   %s\n", f.members().cluster.to_string().c_str());
  std::printf("  log       %llu..%llu, last of term %llu; term %llu; snapshot at %llu\n",
              static_cast<unsigned long long>(f.first.value), static_cast<unsigned long long>(f.last.value),
              static_cast<unsigned long long>(f.last_term.value),
              static_cast<unsigned long long>(f.state.term.value),
              static_cast<unsigned long long>(f.snapshot.index.value));
  std::printf(
      "  committed up to %llu for certain; what is behind it may be or not, the log alone does not say\n",
      static_cast<unsigned long long>(f.snapshot.index.value));
  std::string members;
  for (auto& m : f.members().members)
    members += (members.empty() ? "" : ", ") + m.id.name + (m.voter ? "" : " (learner)");
  std::printf("  members   %s\n", members.c_str());
  std::printf("  state     %s\n", f.notes.empty() ? "clean" : f.notes.c_str());
}

void show(const recovery_plan& plan, const surveyed_folder& best) {
  std::printf("\n%zu of %zu voters are here; a majority is %zu.\n", plan.voters_found, plan.voters,
              plan.voters / 2 + 1);
  std::printf("The most complete log is that of %s in %s.\n", best.node.name.c_str(), best.path.c_str());
  std::printf(
      "WRITES MAY BE LOST: what was acknowledged by the lost nodes alone is in none of these logs, and\n"
      "nobody can tell what that was. Writes whose answer was an error or never came may appear.\n");
}

recovery_order order_for(const std::string& output) {
  std::random_device device;
  auto random64 = [&] { return (std::uint64_t{device()} << 32) | device(); };
  recovery_order order;
  order.output = absolute(output);
  order.cluster = {random64(), random64()};
  order.storage = {random64(), random64()};
  order.record = utc_now() + " version=" TROUPE_VERSION " by=" + who();
  return order;
}

/// Two names of one folder, also by way of a link.
result<void> check_named_once(const std::vector<std::string>& folders) {
  std::error_code not_there;
  for (std::size_t i = 0; i < folders.size(); ++i)
    for (std::size_t j = 0; j < i; ++j)
      if (absolute(folders[i]) == absolute(folders[j]) ||
          std::filesystem::equivalent(folders[i], folders[j], not_there))
        return error{errc::invalid_argument,
                     folders[j] == folders[i]
                         ? "--data-dir names " + folders[i] + " twice"
                         : "--data-dir names one folder twice: " + folders[j] + " and " + folders[i]};
  return {};
}

int run(const arguments& given) {
  if (auto once = check_named_once(given.folders); !once) return say(once.error());
  auto& files = real_file_system();
  std::vector<surveyed_folder> folders;
  for (auto& path : given.folders) {
    auto found = survey(files, absolute(path));
    if (!found) return say(found.error());
    show(*found);
    folders.push_back(std::move(*found));
  }
  auto plan = plan_recovery(folders);
  if (!plan) return say(plan.error());
  auto& best = folders[plan->chosen];
  show(*plan, best);
  auto cluster = best.members().cluster.to_string();
  if (given.confirmed.empty() && !given.output.empty()) {
    std::fflush(stdout);
    return say({errc::invalid_argument,
                "nothing was changed: " + given.output + " would be built out of " + best.path +
                    ", as a new cluster of one node, and that has to be confirmed with --confirm " +
                    cluster});
  }
  if (given.confirmed.empty()) {
    std::printf(
        "\nNothing was changed. If no more nodes can be brought back, build a new cluster of one node with\n"
        "  --new-dir FOLDER --confirm %s\n",
        cluster.c_str());
    return done;
  }
  if (given.confirmed != cluster)
    return say({errc::invalid_argument, "--confirm has to be the id of the cluster, " + cluster});
  if (given.output.empty()) return say({errc::invalid_argument, "--new-dir is missing"});
  auto order = order_for(given.output);
  auto built = rebuild(files, folders, *plan, order);
  if (!built) return say(built.error());
  std::printf(
      "\n%s is the folder of %s in the new cluster %s: %llu keys, revision %llu, index %llu, term %llu.\n"
      "recoveries.log in it says so. The old folders are as they were: keep them.\n"
      "Start %s with it as data_dir, then add nodes with EMPTY folders. The old folders cannot join.\n",
      order.output.c_str(), best.node.name.c_str(), order.cluster.to_string().c_str(),
      static_cast<unsigned long long>(built->keys), static_cast<unsigned long long>(built->revision.value),
      static_cast<unsigned long long>(built->entry.value), static_cast<unsigned long long>(built->term.value),
      best.node.name.c_str());
  return done;
}

struct restore_arguments {
  std::string snapshot;
  std::string output;
  member self;
};

int run(const restore_arguments& given) {
  auto order = order_for(given.output);
  auto built = restore(real_file_system(), absolute(given.snapshot), given.self, order);
  if (!built) return say(built.error(), "restore");
  std::printf("%s is the folder of %s in the new cluster %s: %llu keys, revision %llu, as in the backup.\n"
              "Start %s with it as data_dir, then add nodes with EMPTY folders.\n",
              order.output.c_str(), given.self.id.name.c_str(), order.cluster.to_string().c_str(),
              static_cast<unsigned long long>(built->keys),
              static_cast<unsigned long long>(built->revision.value), given.self.id.name.c_str());
  return done;
}

/// The node as a cluster file could have it, its addresses spelled as there.
result<member> node_of(const member& given) {
  auto bad = [](const char* option, const error& e) {
    return error{errc::invalid_argument, std::string(option) + ": " + e.detail};
  };
  auto id = config::parse_node_id(given.id.name);
  if (!id) return bad("--node", id.error());
  auto peer = config::parse_peer_address(given.peer_address);
  if (!peer) return bad("--peer", peer.error());
  auto http = config::parse_address(given.http_address);
  if (!http) return bad("--http", http.error());
  if (auto apart = config::check_apart(*peer, *http); !apart) return bad("--http", apart.error());
  member out;
  out.id = *std::move(id);
  out.peer_address = peer->to_string();
  out.http_address = http->to_string();
  return out;
}

int restore_main(int argc, char** argv) {
  restore_arguments given;
  CLI::App app{"Makes a data folder out of a backup (a snapshot file): one node that begins a new cluster.\n"
               "Exit codes: 0 done, 2 refused, 3 a disk is in doubt, or the backup is damaged.",
               "troupe restore"};
  app.set_version_flag("--version", TROUPE_VERSION);
  app.add_option("--snapshot", given.snapshot, "file out of the snapshots folder of a node")
      ->required()
      ->type_name("FILE");
  app.add_option("--new-dir", given.output, "what to build: does not exist, or is empty")
      ->required()
      ->type_name("FOLDER");
  app.add_option("--node", given.self.id.name, "id of the node that will own it")
      ->required()
      ->type_name("ID");
  app.add_option("--peer", given.self.peer_address, "its peer address, as in the cluster file")
      ->required()
      ->type_name("HOST:PORT");
  app.add_option("--http", given.self.http_address, "its HTTP address, as in the cluster file")
      ->required()
      ->type_name("HOST:PORT");
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& e) {
    return app.exit(e) == 0 ? done : refused;
  }
  auto self = node_of(given.self);
  if (!self) return say(self.error(), "restore");
  given.self = *std::move(self);
  return run(given);
}

int recover_main(int argc, char** argv) {
  arguments given;
  CLI::App app{"Rebuilds a cluster that has lost its majority for good from the data folders that are left.\n"
               "Without --confirm it only says what it finds; it never changes the folders that it reads.\n"
               "Exit codes: 0 done, 2 refused, 3 a disk is in doubt.",
               "troupe recover"};
  app.set_version_flag("--version", TROUPE_VERSION);
  app.add_option("--data-dir", given.folders, "folder of a stopped node; once for each that is left")
      ->required()
      ->type_name("FOLDER")
      ->allow_extra_args(false);
  app.add_option("--new-dir", given.output, "what to build: does not exist, or is empty")
      ->type_name("FOLDER");
  app.add_option("--confirm", given.confirmed, "the id of the old cluster: do it, writes may be lost")
      ->type_name("CLUSTER");
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& e) {
    return app.exit(e) == 0 ? done : refused;
  }
  return run(given);
}

} // namespace

/// `troupe restore` and `troupe recover` run this program under their own names.
int main(int argc, char** argv) {
  return argc > 0 && std::string_view{argv[0]} == "restore" ? restore_main(argc, argv)
                                                            : recover_main(argc, argv);
}
