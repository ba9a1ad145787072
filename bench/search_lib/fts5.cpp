#include "bench/search_lib/fts5.hpp"

#include <sqlite3.h>

#include <cstdio>
#include <cstdlib>

namespace troupe::bench {

fts5::fts5(const std::string& file) {
  check(sqlite3_open(file.c_str(), &db_), SQLITE_OK);
  run("PRAGMA journal_mode=WAL");
  run("PRAGMA synchronous=OFF");
  run("PRAGMA cache_size=-1000000");
  run("CREATE VIRTUAL TABLE t USING fts5(body, tokenize='porter unicode61')");
  check(sqlite3_prepare_v2(db_, "INSERT OR REPLACE INTO t(rowid, body) VALUES(?, ?)", -1, &put_, nullptr),
        SQLITE_OK);
  check(sqlite3_prepare_v2(db_, "SELECT rowid, rank FROM t WHERE t MATCH ? ORDER BY rank LIMIT 10", -1,
                           &find_, nullptr),
        SQLITE_OK);
}

fts5::~fts5() {
  sqlite3_finalize(put_);
  sqlite3_finalize(find_);
  sqlite3_close(db_);
}

void fts5::check(int code, int expected) const {
  if (code == expected) return;
  std::fprintf(stderr, "text_bench: SQLite: %s\n", sqlite3_errmsg(db_));
  std::exit(1);
}

void fts5::run(const char* sql) {
  check(sqlite3_exec(db_, sql, nullptr, nullptr, nullptr), SQLITE_OK);
}
void fts5::begin() {
  run("BEGIN");
}
void fts5::commit() {
  run("COMMIT");
}

void fts5::put(std::uint32_t d, const std::string& text) {
  sqlite3_bind_int64(put_, 1, d);
  sqlite3_bind_text(put_, 2, text.data(), static_cast<int>(text.size()), SQLITE_STATIC);
  check(sqlite3_step(put_), SQLITE_DONE);
  sqlite3_reset(put_);
}

std::size_t fts5::find(const std::string& query) {
  sqlite3_bind_text(find_, 1, query.data(), static_cast<int>(query.size()), SQLITE_STATIC);
  std::size_t rows = 0;
  int code;
  while ((code = sqlite3_step(find_)) == SQLITE_ROW)
    ++rows;
  check(code, SQLITE_DONE);
  sqlite3_reset(find_);
  return rows;
}

} // namespace troupe::bench
