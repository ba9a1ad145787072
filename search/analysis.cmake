# From bytes to terms and from queries to trees.
list(APPEND search_sources analyzer.cpp document.cpp json_scanner.cpp prefix_probe.cpp stop_words.cpp word_break.cpp)
