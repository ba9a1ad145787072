troupe_test(search_engine_model_test SOURCES engine_model_test.cpp LINKS troupe::search ENVIRONMENT ${without_lock_order})
troupe_test(search_engine_search_test SOURCES engine_search_test.cpp LINKS troupe::search ENVIRONMENT ${without_lock_order})
troupe_test(search_engine_vectors_test SOURCES engine_vectors_test.cpp LINKS troupe::search ENVIRONMENT ${without_lock_order})
troupe_test(search_passage_snippet_test SOURCES passage_snippet_test.cpp LINKS troupe::search ENVIRONMENT ${without_lock_order})
