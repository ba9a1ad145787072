// What clients and the log say: commands, batches of requests and answers, results, vectors. First byte:
// which.

#include "command/check_search.hpp"
#include "command/codec.hpp"
#include "command/limits.hpp"
#include "command/vectors.hpp"
#include "tests/fuzzing/pieces.hpp"
#include "tests/fuzzing/target.hpp"

namespace troupe::fuzzing {

namespace {

constexpr command_bounds usual_bounds{4 * 1024, 8 * 1024 * 1024, 16 * 1024 * 1024};

void run_command(std::string_view bytes) {
  auto decoded = decode_command(bytes);
  if (!decoded) return;
  require(encode_command(*decoded).view() == bytes, "nothing has two encodings");
  require(encoded_size(*decoded) == bytes.size(), "the size of a command is known before it is encoded");
  // Limits may refuse it, with a sentence.
  if (auto ok = validate(*decoded, usual_bounds); !ok)
    require(!ok.error().detail.empty(), "a refusal says why");
}

void run_requests(std::string_view bytes) {
  auto decoded = decode_requests(bytes);
  if (!decoded) return;
  require(encode_requests(*decoded) == bytes, "nothing has two encodings");
  for (auto& one : *decoded) {
    if (auto* search = std::get_if<search_request>(&one.body))
      if (auto wrong = check_search(*search)) require(!wrong->detail.empty(), "a refusal says why");
    if (auto* write = std::get_if<write_request>(&one.body)) run_command(write->command.view());
  }
}

void run_answers(std::string_view bytes) {
  auto decoded = decode_answers(bytes);
  if (!decoded) return;
  require(encode_answers(*decoded) == bytes, "nothing has two encodings");
}

void run_result(std::string_view bytes) {
  auto decoded = decode_result(bytes);
  if (!decoded) return;
  require(encode_result(*decoded) == bytes, "nothing has two encodings");
  require(encoded_size(*decoded) == bytes.size(), "the size of a result is known before it is encoded");
}

void run_vectors(std::uint32_t dimension, std::string_view bytes) {
  auto decoded = decode_vectors(bytes, dimension);
  require(valid_vectors(bytes, dimension) == bool(decoded), "vectors are valid when they can be decoded");
  if (!decoded) return;
  require(dimension_of(bytes) == dimension, "their size tells the dimension of vectors");
  require(encode_vectors(*decoded).view() == bytes, "nothing has two encodings");
}

void run(std::string_view input) {
  pieces in{input};
  auto which = in.byte();
  memory_bound bound{input.size()};
  switch (which % 5) {
  case 0: return run_command(in.rest());
  case 1: return run_requests(in.rest());
  case 2: return run_answers(in.rest());
  case 3: return run_result(in.rest());
  default: {
    auto dimension = in.word();
    return run_vectors(dimension, in.rest());
  }
  }
}

} // namespace

constinit const target commands{"commands", run};

} // namespace troupe::fuzzing
