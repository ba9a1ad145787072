list(APPEND search_sources corpus.cpp engine.cpp engine_save.cpp engine_search.cpp passage_snippet.cpp)
