#pragma once

// SQLite's FTS5 as a peer: a file in WAL mode, without waiting for the disk, with a cache that holds all of
// it.

#include <cstdint>
#include <string>

struct sqlite3;
struct sqlite3_stmt;

namespace troupe::bench {

class fts5 {
public:
  /// Ends the program when SQLite refuses.
  explicit fts5(const std::string& file);
  ~fts5();
  fts5(const fts5&) = delete;
  fts5& operator=(const fts5&) = delete;

  void begin();
  void commit();
  /// Inserts or replaces.
  void put(std::uint32_t d, const std::string& text);
  /// The ten best; returns how many rows came.
  std::size_t find(const std::string& query);

private:
  void run(const char* sql);
  void check(int code, int expected) const;

  sqlite3* db_ = nullptr;
  sqlite3_stmt* put_ = nullptr;
  sqlite3_stmt* find_ = nullptr;
};

} // namespace troupe::bench
