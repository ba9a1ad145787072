// Preloaded into real servers by tests/process: makes every fdatasync take longer. The file SLOW_SYNC_FILE
// names holds the milliseconds; without it nothing is slow, so a test can begin and end slowness while the
// server runs.

#include <cstdio>
#include <cstdlib>
#include <dlfcn.h>
#include <time.h>

extern "C" __attribute__((visibility("default"))) int fdatasync(int file) {
  static auto* const next = reinterpret_cast<int (*)(int)>(::dlsym(RTLD_NEXT, "fdatasync"));
  long milliseconds = 0;
  if (const char* path = std::getenv("SLOW_SYNC_FILE")) {
    if (std::FILE* told = std::fopen(path, "r")) {
      if (std::fscanf(told, "%ld", &milliseconds) != 1) milliseconds = 0;
      std::fclose(told);
    }
  }
  timespec pause{milliseconds / 1000, milliseconds % 1000 * 1'000'000};
  ::nanosleep(&pause, nullptr);
  return next(file);
}
