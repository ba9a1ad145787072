find_package(SQLite3 REQUIRED)
troupe_program(text_bench SOURCES search_lib/text_bench.cpp search_lib/corpus.cpp search_lib/fts5.cpp
               LINKS troupe::search SQLite::SQLite3)
