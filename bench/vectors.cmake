troupe_program(vectors_bench SOURCES search_lib/vectors_bench.cpp search_lib/bare_hnswlib.cpp LINKS troupe::search)
# hnswlib chooses its instructions by macros, so the peer is built the way its authors build it.
set_source_files_properties(search_lib/bare_hnswlib.cpp PROPERTIES COMPILE_OPTIONS "-O3;-march=native")
