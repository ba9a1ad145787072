#include "storage/node_id_file.hpp"

#include "base/archive.hpp"
#include "base/checksum.hpp"

#include <algorithm>
#include <cstring>

namespace troupe::storage {

namespace {

constexpr std::string_view magic = "troupeID";
constexpr std::uint32_t version = 1;
constexpr std::size_t head_bytes =
    8 + 4 + 4; // magic, version, checksum of what follows the checksum and of the version
constexpr std::size_t file_bytes_max = node_identity::formation_bytes_max + 4096;

std::string file_path(const std::string& data_folder) {
  return data_folder + "/node.id";
}

std::uint32_t checksum(std::uint32_t file_version, std::string_view body) {
  char bytes[sizeof file_version];
  std::memcpy(bytes, &file_version, sizeof file_version);
  return crc32c(body, crc32c({bytes, sizeof bytes}));
}

} // namespace

template <class Archive>
void serialize(Archive& ar, node_identity& v, unsigned) {
  ar& v.storage;
  ar& v.node;
  ar& v.formation;
}

result<std::optional<node_identity>> read_node_identity(file_system& fs, const std::string& data_folder) {
  auto path = file_path(data_folder);
  auto content = fs.open(path, open_mode::read);
  if (!content) {
    if (content.error().code == errc::not_found) return std::optional<node_identity>{};
    return content.error();
  }
  std::string bytes(file_bytes_max + 1, '\0');
  auto got = (*content)->read(0, bytes.data(), bytes.size());
  if (!got) return got.error();
  bytes.resize(*got);
  if (bytes.size() < head_bytes || bytes.size() > file_bytes_max || !bytes.starts_with(magic))
    return error{errc::corrupt, path + ": offset 0: not an identity file"};
  std::uint32_t file_version = 0;
  std::uint32_t stored = 0;
  std::memcpy(&file_version, bytes.data() + magic.size(), sizeof file_version);
  std::memcpy(&stored, bytes.data() + magic.size() + sizeof file_version, sizeof stored);
  auto body = std::string_view{bytes}.substr(head_bytes);
  if (checksum(file_version, body) != stored)
    return error{errc::corrupt, path + ": offset 0: the checksum is wrong"};
  if (file_version != version) return error{errc::foreign, path + ": written by a newer version"};
  auto identity = decode<node_identity>(body, path);
  if (!identity) return identity.error();
  return std::optional<node_identity>{std::move(*identity)};
}

result<void> write_node_identity(file_system& fs, const std::string& data_folder,
                                 const node_identity& identity) {
  if (identity.formation.size() > node_identity::formation_bytes_max)
    return error{errc::invalid_argument, "the formation record is larger than 64 KiB"};
  auto body = encode(identity);
  auto bytes = std::string{magic};
  encode_to(bytes, version);
  encode_to(bytes, checksum(version, body));
  bytes += body;

  auto path = file_path(data_folder);
  auto aside = path + ".tmp";
  auto content = fs.open(aside, open_mode::replace);
  if (!content) return content.error();
  if (auto done = (*content)->write(0, bytes); !done) return done;
  if (auto done = (*content)->sync(); !done) return done;
  if (auto done = fs.rename(aside, path); !done) return done;
  return fs.sync_folder(data_folder);
}

} // namespace troupe::storage
