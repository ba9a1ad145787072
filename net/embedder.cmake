# The external embedding service, behind search/embedder.hpp.
troupe_library(http_embedder SOURCES embedding_answer.cpp http_embedder.cpp LINKS troupe::search Boost::json CURL::libcurl)
