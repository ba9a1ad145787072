# From bytes to terms, from queries to trees, and from matches to what is shown of them.
list(APPEND search_sources analyzer.cpp document.cpp highlighter.cpp json_scanner.cpp prefix_probe.cpp query_leaf.cpp
     query_lexer.cpp query_parser.cpp snippet_window.cpp stop_words.cpp word_break.cpp)
