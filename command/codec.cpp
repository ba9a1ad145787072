#include "command/codec.hpp"

#include "command/archive.hpp"

#include <algorithm>

namespace troupe {

namespace {

template <class T>
std::string encode_versioned(std::uint8_t version, const T& value) {
  std::string out(1, static_cast<char>(version));
  encode_to(out, value);
  return out;
}

template <class T>
result<T> decode_versioned(std::uint8_t version, std::string_view bytes, std::string_view what) {
  if (bytes.empty()) return error{errc::corrupt, std::string(what) + ": empty"};
  if (static_cast<std::uint8_t>(bytes[0]) != version)
    return error{errc::corrupt, std::string(what) + ": unknown format version " +
                                    std::to_string(static_cast<std::uint8_t>(bytes[0]))};
  return decode<T>(bytes.substr(1), what);
}

bool annotates(const std::vector<operation>& operations) {
  return std::any_of(operations.begin(), operations.end(),
                     [](auto& op) { return std::holds_alternative<annotate_operation>(op); });
}

std::uint8_t version_of(const command& c) {
  if (std::holds_alternative<set_memory_alarm>(c.body)) return command_format_version_alarm;
  auto* t = std::get_if<transaction>(&c.body);
  auto embedding =
      t ? annotates(t->success) || annotates(t->failure) : std::holds_alternative<set_embedding>(c.body);
  return embedding ? command_format_version_embedding : command_format_version;
}

} // namespace

blob encode_command(const command& c) {
  std::string out;
  out.reserve(encoded_size(c));
  out.push_back(static_cast<char>(version_of(c)));
  encode_to(out, c);
  return blob{out};
}

result<command> decode_command(std::string_view bytes) {
  if (bytes.size() > limits::command_bytes_max) return error{errc::corrupt, "command: too large"};
  auto version = command_format_version;
  for (auto later : {command_format_version_embedding, command_format_version_alarm})
    if (!bytes.empty() && bytes[0] == static_cast<char>(later)) version = later;
  auto c = decode_versioned<command>(version, bytes, "command");
  if (c && version_of(*c) != version)
    return error{errc::corrupt, "command: not of format version " + std::to_string(version)};
  return c;
}

std::string encode_requests(const std::vector<request>& batch) {
  return encode_versioned(batch_format_version, batch);
}
result<std::vector<request>> decode_requests(std::string_view bytes) {
  return decode_versioned<std::vector<request>>(batch_format_version, bytes, "requests");
}

std::string encode_answers(const std::vector<answer>& batch) {
  return encode_versioned(batch_format_version, batch);
}
result<std::vector<answer>> decode_answers(std::string_view bytes) {
  return decode_versioned<std::vector<answer>>(batch_format_version, bytes, "answers");
}

std::string encode_result(const command_result& r) {
  return encode(r);
}
result<command_result> decode_result(std::string_view bytes) {
  return decode<command_result>(bytes, "command result");
}

} // namespace troupe
