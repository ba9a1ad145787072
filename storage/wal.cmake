# The log files: write-ahead log, its reader, the identity file and the folder lock.
set(wal_sources
  data_folder.cpp
  frame.cpp
  log_reader.cpp
  node_id_file.cpp
  segment.cpp
  segment_scan.cpp
  segment_writer.cpp
  wal.cpp
  wal_map.cpp
  wal_recovery.cpp
  wal_state.cpp)
