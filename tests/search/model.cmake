troupe_test(search_model_test
  SOURCES model_file_test.cpp model_network_test.cpp model_passages_test.cpp model_tokenizer_test.cpp
  LINKS troupe::search Boost::json
  TIMEOUT 300)
