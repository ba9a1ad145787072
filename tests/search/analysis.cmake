troupe_test(search_analysis_test
  SOURCES analyzer_test.cpp document_test.cpp edit_distance_test.cpp highlighter_test.cpp query_parser_test.cpp word_break_test.cpp
  LINKS troupe::search)
