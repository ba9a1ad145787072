# Tests of the log files.
troupe_test(wal_crash_test SOURCES wal_crash_test.cpp LINKS troupe::storage)
