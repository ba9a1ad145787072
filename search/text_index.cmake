# The inverted index and what asks it.
list(APPEND search_sources expansions.cpp field_columns.cpp inverted_index.cpp inverted_reclaim.cpp match_finder.cpp
     match_leaves.cpp match_trees.cpp posting_block.cpp posting_cursor.cpp posting_list.cpp query_plan.cpp
     slot_table.cpp term_dictionary.cpp text_index.cpp text_search.cpp)
