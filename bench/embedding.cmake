troupe_program(embedding_bench SOURCES search_lib/embedding_bench.cpp LINKS troupe::search)
troupe_program(embed_texts SOURCES search_lib/embed_texts.cpp LINKS troupe::search)
