// Preloaded into real servers by tests/nemesis: shows another time of day. The file SHIFTED_CLOCK_FILE holds
// the nanoseconds to add, as a signed 64-bit number of this machine, and may change while the server runs.
// Clocks that only run forward are left alone, as they are on a machine whose time of day is set.

#include <cstdint>
#include <cstdlib>
#include <dlfcn.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

#define EXPORTED extern "C" __attribute__((visibility("default")))

namespace {

constexpr std::int64_t second = 1'000'000'000;

const std::int64_t* map_shift() {
  const char* path = std::getenv("SHIFTED_CLOCK_FILE");
  if (!path) return nullptr;
  const int file = ::open(path, O_RDONLY | O_CLOEXEC);
  if (file < 0) return nullptr;
  void* place = ::mmap(nullptr, sizeof(std::int64_t), PROT_READ, MAP_SHARED, file, 0);
  ::close(file);
  return place == MAP_FAILED ? nullptr : static_cast<const std::int64_t*>(place);
}

std::int64_t shift() {
  static const std::int64_t* const place = map_shift();
  return place ? __atomic_load_n(place, __ATOMIC_RELAXED) : 0;
}

std::int64_t shifted(std::int64_t seconds, std::int64_t nanoseconds) {
  return seconds * second + nanoseconds + shift();
}

} // namespace

EXPORTED int clock_gettime(clockid_t clock, timespec* time) noexcept {
  static auto* const next =
      reinterpret_cast<int (*)(clockid_t, timespec*)>(::dlsym(RTLD_NEXT, "clock_gettime"));
  const int answer = next(clock, time);
  if (answer == 0 && (clock == CLOCK_REALTIME || clock == CLOCK_REALTIME_COARSE)) {
    const auto at = shifted(time->tv_sec, time->tv_nsec);
    *time = {at / second, at % second};
  }
  return answer;
}

EXPORTED int gettimeofday(timeval* time, void* zone) noexcept {
  static auto* const next = reinterpret_cast<int (*)(timeval*, void*)>(::dlsym(RTLD_NEXT, "gettimeofday"));
  const int answer = next(time, zone);
  if (answer == 0) {
    const auto at = shifted(time->tv_sec, time->tv_usec * 1000);
    *time = {at / second, at % second / 1000};
  }
  return answer;
}

EXPORTED time_t time(time_t* out) noexcept {
  timespec now{};
  clock_gettime(CLOCK_REALTIME, &now);
  if (out) *out = now.tv_sec;
  return now.tv_sec;
}
