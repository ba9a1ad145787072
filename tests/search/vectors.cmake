troupe_test(search_vector_distance_test SOURCES vector_distance_test.cpp LINKS troupe::search ENVIRONMENT ${without_lock_order})
troupe_test(search_vector_file_test SOURCES vector_file_test.cpp LINKS troupe::search ENVIRONMENT ${without_lock_order})
troupe_test(search_vector_index_test SOURCES vector_index_test.cpp LINKS troupe::search ENVIRONMENT ${without_lock_order})
troupe_test(search_vector_recall_test SOURCES vector_recall_test.cpp LINKS troupe::search ENVIRONMENT ${without_lock_order})
