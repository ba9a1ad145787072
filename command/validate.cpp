#include "command/codec.hpp"
#include "command/limits.hpp"
#include "command/vectors.hpp"

namespace troupe {

namespace {

/// A key as a person can read it in one line: printable ASCII as it is, the rest as \xNN, cut after 64 bytes.
std::string printable(std::string_view key) {
  static constexpr std::size_t shown_max = 64;
  static constexpr char digits[] = "0123456789abcdef";
  std::string out = "\"";
  for (unsigned char c : key.substr(0, shown_max)) {
    if (c >= 0x20 && c < 0x7f && c != '"' && c != '\\') {
      out.push_back(static_cast<char>(c));
    } else {
      out += "\\x";
      out.push_back(digits[c >> 4]);
      out.push_back(digits[c & 15]);
    }
  }
  return out + (key.size() > shown_max ? "\"..." : "\"");
}

result<void> validate_key(std::string_view key, const command_bounds& bounds) {
  if (key.empty()) return error{errc::invalid_argument, "a key must not be empty"};
  if (key.size() > bounds.key_bytes_max)
    return error{errc::too_large, "key " + printable(key) + " has " + std::to_string(key.size()) +
                                      " bytes, the limit is " + std::to_string(bounds.key_bytes_max)};
  return {};
}

result<void> validate_value(std::string_view key, const blob& value, const command_bounds& bounds) {
  if (value.size() > bounds.value_bytes_max)
    return error{errc::too_large, "the value of key " + printable(key) + " has " +
                                      std::to_string(value.size()) + " bytes, the limit is " +
                                      std::to_string(bounds.value_bytes_max)};
  return {};
}

/// Whether they are of the right dimension is decided when they are applied: the model may change until then.
result<void> validate_vectors(const annotate_operation& a) {
  if (a.outcome != annotation_outcome::embedded) {
    if (a.vectors.empty()) return {};
    return error{errc::invalid_argument,
                 "the value of key " + printable(a.key) + " was not embedded, so it has no vectors"};
  }
  if (a.vectors.size() > limits::vectors_bytes_max)
    return error{errc::too_large, "the vectors of key " + printable(a.key) + " have " +
                                      std::to_string(a.vectors.size()) + " bytes, the limit is " +
                                      std::to_string(limits::vectors_bytes_max)};
  if (!valid_vectors(a.vectors.view(), dimension_of(a.vectors.view())))
    return error{errc::invalid_argument,
                 "the vectors of key " + printable(a.key) + " are not those of 1 to " +
                     std::to_string(limits::passages_max) + " passages, of 1 to " +
                     std::to_string(limits::vector_dimension_max) + " finite numbers each"};
  return {};
}

result<void> validate_model(const embedding_model& m) {
  if (m.name.size() > limits::model_name_bytes_max)
    return error{errc::too_large, "the name of the embedding model has " + std::to_string(m.name.size()) +
                                      " bytes, the limit is " + std::to_string(limits::model_name_bytes_max)};
  if (m.maker == vector_maker::none && m.dimension != 0)
    return error{errc::invalid_argument, "without vectors the dimension is 0"};
  if (m.maker != vector_maker::none && (m.dimension == 0 || m.dimension > limits::vector_dimension_max))
    return error{errc::invalid_argument, "the dimension of an embedding model is 1 to " +
                                             std::to_string(limits::vector_dimension_max)};
  return {};
}

result<void> validate_operations(const std::vector<operation>& operations, const command_bounds& bounds) {
  for (auto& op : operations) {
    auto& key = std::visit([](auto& o) -> const std::string& { return o.key; }, op);
    if (auto ok = validate_key(key, bounds); !ok) return ok;
    if (auto* put = std::get_if<put_operation>(&op))
      if (auto ok = validate_value(key, put->value, bounds); !ok) return ok;
    if (auto* annotation = std::get_if<annotate_operation>(&op))
      if (auto ok = validate_vectors(*annotation); !ok) return ok;
  }
  return {};
}

result<void> validate_transaction(const transaction& t, const command_bounds& bounds) {
  auto count = t.compares.size() + t.success.size() + t.failure.size();
  if (count > limits::operations_max)
    return error{errc::too_large, "the transaction has " + std::to_string(count) +
                                      " compares and operations, the limit is " +
                                      std::to_string(limits::operations_max)};
  for (auto& c : t.compares) {
    if (auto ok = validate_key(c.key, bounds); !ok) return ok;
    if (auto ok = validate_value(c.key, c.value, bounds); !ok) return ok;
  }
  if (auto ok = validate_operations(t.success, bounds); !ok) return ok;
  return validate_operations(t.failure, bounds);
}

std::size_t operations_size(const std::vector<operation>& operations) {
  std::size_t size = 4;
  for (auto& op : operations) {
    size += 1 + 4 + std::visit([](auto& o) { return o.key.size(); }, op);
    if (auto* put = std::get_if<put_operation>(&op)) size += 4 + put->value.size() + 1;
    if (auto* annotation = std::get_if<annotate_operation>(&op))
      size += 8 + 8 + 1 + 4 + annotation->vectors.size();
  }
  return size;
}

std::size_t transaction_size(const transaction& t) {
  std::size_t size = 4;
  for (auto& c : t.compares)
    size += 4 + c.key.size() + 1 + 1 + 4 + c.value.size() + 8;
  return size + operations_size(t.success) + operations_size(t.failure);
}

} // namespace

bool may_grow(const command& c) {
  auto grows = [](const std::vector<operation>& operations) {
    return std::any_of(operations.begin(), operations.end(), [](auto& op) {
      auto* annotation = std::get_if<annotate_operation>(&op);
      return std::holds_alternative<put_operation>(op) || (annotation && !annotation->vectors.empty());
    });
  };
  auto* t = std::get_if<transaction>(&c.body);
  return t && (grows(t->success) || grows(t->failure));
}

std::size_t encoded_size(const command& c) {
  std::size_t size = 1 + 1 + 1 + 1; // version, two optionals, alternative
  if (c.session) size += 3 * 8;
  if (c.idempotency) size += 4 + c.idempotency->key.size() + 2 * 8;
  if (auto* t = std::get_if<transaction>(&c.body)) return size + transaction_size(*t);
  if (auto* set = std::get_if<set_embedding>(&c.body)) return size + 1 + 4 + set->model.name.size() + 4 + 1;
  if (std::holds_alternative<set_memory_alarm>(c.body)) return size + 1;
  return size + (std::holds_alternative<open_session>(c.body) ? 0 : 8);
}

std::size_t encoded_size(const command_result& r) {
  std::size_t size = 1 + 1 + 1 + 1 + 8 + 8 + 4;
  for (auto& op : r.results) {
    size += 1 + 1; // alternative; bool or presence
    if (auto* get = std::get_if<get_result>(&op); get && get->found)
      size += 4 + get->found->key.size() + 4 + get->found->value.size() + 1 + 3 * 8;
  }
  return size;
}

result<void> validate(const command& c, const command_bounds& bounds) {
  if (c.session && (c.session->session.value == 0 || c.session->sequence.value == 0))
    return error{errc::invalid_argument, "session and sequence numbers start at 1"};
  if (c.session && c.session->lowest_outstanding > c.session->sequence)
    return error{errc::invalid_argument, "the lowest outstanding number is above the request's own"};
  if (c.idempotency &&
      (c.idempotency->key.empty() || c.idempotency->key.size() > limits::idempotency_key_bytes_max))
    return error{errc::invalid_argument, "an idempotency key has 1 to " +
                                             std::to_string(limits::idempotency_key_bytes_max) + " bytes"};
  if (auto* t = std::get_if<transaction>(&c.body))
    if (auto ok = validate_transaction(*t, bounds); !ok) return ok;
  if (auto* set = std::get_if<set_embedding>(&c.body))
    if (auto ok = validate_model(set->model); !ok) return ok;
  auto size = encoded_size(c);
  if (size > bounds.command_bytes_max)
    return error{errc::too_large, "the command has " + std::to_string(size) + " bytes, the limit is " +
                                      std::to_string(bounds.command_bytes_max)};
  return {};
}

} // namespace troupe
