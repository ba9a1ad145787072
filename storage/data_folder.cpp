#include "storage/data_folder.hpp"

namespace troupe::storage {

result<data_folder> data_folder::open(file_system& fs, const std::string& path) {
  if (auto made = fs.make_folder(path); !made) return made.error();
  auto lock = fs.lock(path + "/LOCK");
  if (!lock) {
    if (lock.error().code == errc::locked)
      return error{errc::locked, path + ": another process is using this data folder"};
    return lock.error();
  }
  return data_folder{path, std::move(*lock)};
}

} // namespace troupe::storage
