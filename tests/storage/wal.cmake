# Tests of the log files.
troupe_test(wal_test
  SOURCES wal_test.cpp wal_frame_test.cpp wal_head_test.cpp wal_node_id_file_test.cpp wal_reader_test.cpp wal_reserve_test.cpp
  LINKS troupe::storage Threads::Threads)
troupe_test(wal_crash_test SOURCES wal_crash_test.cpp LINKS troupe::storage)
troupe_test(wal_damage_test SOURCES wal_damage_test.cpp LINKS troupe::storage TIMEOUT 600)
