# The inverted index: its parts, a naive model of it, and SQLite's FTS5 as an oracle.
find_package(SQLite3 REQUIRED)
troupe_test(search_posting_test SOURCES posting_test.cpp LINKS troupe::search TIMEOUT 240)
troupe_test(search_text_index_test SOURCES text_index_test.cpp LINKS troupe::search TIMEOUT 240)
troupe_test(search_text_model_test SOURCES text_model_test.cpp LINKS troupe::search TIMEOUT 240)
troupe_test(search_text_oracle_test SOURCES text_oracle_test.cpp LINKS troupe::search SQLite::SQLite3 TIMEOUT 240)
