list(APPEND search_sources
  block_file.cpp vector_distance.cpp vector_graph.cpp vector_index.cpp vector_index_file.cpp vector_index_search.cpp)
