troupe_program(embedding_bench SOURCES search_lib/embedding_bench.cpp LINKS troupe::search)
