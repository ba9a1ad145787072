#include "search/use_network.hpp"

#include <algorithm>
#include <cmath>
#include <string>

namespace troupe::search {

namespace {

constexpr std::size_t embedding_width = 256;
constexpr std::size_t ffn_width = 1536;
constexpr std::size_t heads = 4;
constexpr std::size_t embedding_rows = 8002; // a few more than there are pieces
constexpr float norm_epsilon = 1e-6F;
constexpr float length_squared_min = 1e-12F;

using layout = tensor_layout;

std::size_t whole_panels(std::size_t columns) {
  return (columns + panel_columns - 1) / panel_columns * panel_columns;
}

/// to = (from - mean) / deviation * scale + bias, for each row of `width` floats.
void normalize(const float* from, std::size_t rows, std::size_t width, const float* scale, const float* bias,
               float* to) {
  for (std::size_t r = 0; r < rows; ++r, from += width, to += width) {
    float sum = 0;
    for (std::size_t i = 0; i < width; ++i)
      sum += from[i];
    const float mean = sum / static_cast<float>(width);
    float squares = 0;
    for (std::size_t i = 0; i < width; ++i)
      squares += (from[i] - mean) * (from[i] - mean);
    const float factor = 1 / std::sqrt(squares / static_cast<float>(width) + norm_epsilon);
    for (std::size_t i = 0; i < width; ++i)
      to[i] = (from[i] - mean) * factor * scale[i] + bias[i];
  }
}

/// Each row of `scores`: softmax of the first `count` times `scale`.
void soften(float* scores, std::size_t rows, std::size_t stride, std::size_t count, float scale) {
  for (std::size_t r = 0; r < rows; ++r, scores += stride) {
    const float top = *std::max_element(scores, scores + count);
    float sum = 0;
    for (std::size_t i = 0; i < count; ++i)
      sum += scores[i] = std::exp((scores[i] - top) * scale);
    for (std::size_t i = 0; i < count; ++i)
      scores[i] /= sum;
  }
}

} // namespace

result<std::shared_ptr<const use_weights>> use_weights::make(std::shared_ptr<const model_file> file) {
  std::shared_ptr<use_weights> made{new use_weights};
  made->file_ = std::move(file);
  if (auto found = made->find_all(); !found) return found.error();
  return std::shared_ptr<const use_weights>{std::move(made)};
}

result<void> use_weights::find_all() {
  error problem;
  bool complete = true;
  const auto need = [&](const std::string& name, layout how, std::size_t rows,
                        std::size_t columns) -> tensor {
    auto found =
        file_->find(name, how, static_cast<std::uint32_t>(rows), static_cast<std::uint32_t>(columns));
    if (found) return *found;
    if (complete) problem = found.error();
    complete = false;
    return {};
  };
  const auto need_dense = [&](const std::string& name, std::size_t rows, std::size_t columns) {
    return dense{need(name + ".weights", layout::panels, rows, columns),
                 need(name + ".bias", layout::rows, 1, columns)};
  };
  const auto need_norm = [&](const std::string& name, std::size_t width) {
    return norm{need(name + ".scale", layout::rows, 1, width), need(name + ".bias", layout::rows, 1, width)};
  };
  if (file_->pieces().size() > embedding_rows)
    return error{errc::corrupt, file_->name() + ": there are more pieces than embeddings"};
  embeddings_ = need("embeddings", layout::rows, embedding_rows, embedding_width);
  residual_ = need_dense("residual", embedding_width, use_dimension);
  for (std::size_t i = 0; i < blocks_.size(); ++i) {
    const auto name = "block" + std::to_string(i);
    const std::size_t width = i == 0 ? embedding_width : use_dimension;
    blocks_[i] = {static_cast<std::uint32_t>(width),
                  need_norm(name + ".norm", width),
                  need_dense(name + ".qkv", width, 3 * width),
                  need_dense(name + ".out", width, use_dimension),
                  need_norm(name + ".ffn.norm", use_dimension),
                  need_dense(name + ".ffn1", use_dimension, ffn_width),
                  need_dense(name + ".ffn2", ffn_width, use_dimension)};
  }
  last_ = need_dense("last", use_dimension, use_dimension);
  const auto frequencies = need("timing", layout::rows, 1, embedding_width / 2);
  if (!complete) return problem;
  for (std::size_t place = 0; place < use_pieces_max; ++place) {
    for (const float frequency : frequencies.values)
      timing_.push_back(std::sin(static_cast<float>(place) * frequency));
    for (const float frequency : frequencies.values)
      timing_.push_back(std::cos(static_cast<float>(place) * frequency));
  }
  return {};
}

/// Buffers for use_pieces_max rows.
struct use_network::workspace {
  static constexpr std::size_t rows = use_pieces_max;

  std::vector<float> input = std::vector<float>(rows * embedding_width);
  std::vector<float> state = std::vector<float>(rows * use_dimension);
  std::vector<float> normal = std::vector<float>(rows * use_dimension);
  std::vector<float> qkv = std::vector<float>(rows * 3 * use_dimension);
  std::vector<float> context = std::vector<float>(rows * use_dimension);
  std::vector<float> keys = std::vector<float>(rows * use_dimension / heads);
  std::vector<float> values = std::vector<float>(rows * use_dimension / heads);
  std::vector<float> scores = std::vector<float>(rows * rows);
  std::vector<float> hidden = std::vector<float>(rows * ffn_width);
  std::vector<float> mean = std::vector<float>(use_dimension);
};

use_network::use_network(std::shared_ptr<const use_weights> weights, kernel with)
    : weights_(std::move(weights)), kernel_(with), space_(std::make_unique<workspace>()) {}

use_network::~use_network() = default;
use_network::use_network(use_network&&) noexcept = default;
use_network& use_network::operator=(use_network&&) noexcept = default;

void use_network::multiply(const float* a, std::size_t a_stride, std::size_t rows,
                           const use_weights::dense& d, float* c, bool add) const {
  kernel_.multiply({.a = a,
                    .a_stride = a_stride,
                    .rows = rows,
                    .depth = d.weights.rows,
                    .panels = d.weights.values.data(),
                    .columns = d.weights.columns,
                    .bias = d.bias.values.data(),
                    .c = c,
                    .c_stride = d.weights.columns,
                    .add = add});
}

result<void> use_network::embed(std::span<const std::uint32_t> pieces,
                                std::span<float, use_dimension> vector) {
  if (pieces.empty()) return error{errc::invalid_argument, "there is nothing to embed"};
  pieces = pieces.first(std::min<std::size_t>(pieces.size(), use_pieces_max));
  for (const auto piece : pieces)
    if (piece >= weights_->embeddings_.rows)
      return error{errc::invalid_argument, "the model has no piece " + std::to_string(piece)};

  auto& s = *space_;
  const std::size_t rows = pieces.size();
  read_embeddings(pieces);
  multiply(s.input.data(), embedding_width, rows, weights_->residual_, s.state.data(), false);
  for (const auto& block : weights_->blocks_) {
    attend(block, rows);
    feed_forward(block, rows);
  }
  std::fill(s.mean.begin(), s.mean.end(), 0.0F);
  for (std::size_t r = 0; r < rows; ++r)
    for (std::size_t i = 0; i < use_dimension; ++i)
      s.mean[i] += s.state[r * use_dimension + i];
  for (auto& m : s.mean)
    m /= static_cast<float>(rows);
  multiply(s.mean.data(), use_dimension, 1, weights_->last_, vector.data(), false);
  float squares = 0;
  for (auto& v : vector) {
    v = std::tanh(v);
    squares += v * v;
  }
  const float length = std::sqrt(std::max(squares, length_squared_min));
  for (auto& v : vector)
    v /= length;
  if (!std::isfinite(squares)) return error{errc::io_error, "the model gave a vector that is not finite"};
  return {};
}

/// Twice the embedding, as the reference does, and the place's sines and cosines.
void use_network::read_embeddings(std::span<const std::uint32_t> pieces) {
  for (std::size_t r = 0; r < pieces.size(); ++r) {
    const float* embedding = weights_->embeddings_.values.data() + pieces[r] * embedding_width;
    const float* timing = weights_->timing_.data() + r * embedding_width;
    float* to = space_->input.data() + r * embedding_width;
    for (std::size_t i = 0; i < embedding_width; ++i)
      to[i] = embedding[i] + (embedding[i] + timing[i]);
  }
}

/// state += attention of the normalised state (of the input, in the first block), head by head. Keys and
/// values are brought into panels so that one kernel does all products.
void use_network::attend(const use_weights::block& b, std::size_t rows) {
  auto& s = *space_;
  const std::size_t width = b.width;
  const std::size_t stride = 3 * width;
  const std::size_t depth = width / heads;
  const std::size_t columns = whole_panels(rows);
  const auto& from = width == embedding_width ? s.input : s.state;
  normalize(from.data(), rows, width, b.before_attention.scale.values.data(),
            b.before_attention.bias.values.data(), s.normal.data());
  multiply(s.normal.data(), width, rows, b.qkv, s.qkv.data(), false);
  for (std::size_t head = 0; head < heads; ++head) {
    const float* queries = s.qkv.data() + head * depth;
    const float* keys = queries + width;
    const float* values = keys + width;
    std::fill_n(s.keys.begin(), columns * depth, 0.0F);
    for (std::size_t r = 0; r < rows; ++r)
      for (std::size_t i = 0; i < depth; ++i) {
        s.keys[(r / panel_columns * depth + i) * panel_columns + r % panel_columns] = keys[r * stride + i];
        s.values[(i / panel_columns * rows + r) * panel_columns + i % panel_columns] = values[r * stride + i];
      }
    kernel_.multiply({.a = queries,
                      .a_stride = stride,
                      .rows = rows,
                      .depth = depth,
                      .panels = s.keys.data(),
                      .columns = columns,
                      .c = s.scores.data(),
                      .c_stride = columns});
    soften(s.scores.data(), rows, columns, rows, 1 / std::sqrt(static_cast<float>(depth)));
    kernel_.multiply({.a = s.scores.data(),
                      .a_stride = columns,
                      .rows = rows,
                      .depth = rows,
                      .panels = s.values.data(),
                      .columns = depth,
                      .c = s.context.data() + head * depth,
                      .c_stride = width});
  }
  multiply(s.context.data(), width, rows, b.out, s.state.data(), true);
}

void use_network::feed_forward(const use_weights::block& b, std::size_t rows) {
  auto& s = *space_;
  normalize(s.state.data(), rows, use_dimension, b.before_ffn.scale.values.data(),
            b.before_ffn.bias.values.data(), s.normal.data());
  multiply(s.normal.data(), use_dimension, rows, b.ffn1, s.hidden.data(), false);
  for (std::size_t i = 0; i < rows * ffn_width; ++i)
    s.hidden[i] = std::max(s.hidden[i], 0.0F);
  multiply(s.hidden.data(), ffn_width, rows, b.ffn2, s.state.data(), true);
}

} // namespace troupe::search
