#include "net/http_connection.hpp"

#include "net/http_wire.hpp"

#include <boost/asio/write.hpp>
#include <boost/beast/http/error.hpp>

#include <algorithm>

namespace troupe::net {

namespace asio = boost::asio;
namespace http = boost::beast::http;

namespace {

constexpr std::size_t read_bytes = 16 * 1024;
/// While a body comes in, larger reads pay.
constexpr std::size_t read_body_bytes = 64 * 1024;
/// A body up to this size is copied behind its head, a larger one is written from where it is.
constexpr std::size_t copy_bytes_max = 16 * 1024;
/// One write takes ready responses until it has this many bytes.
constexpr std::size_t gather_bytes_max = 1024 * 1024;

std::chrono::milliseconds allowance(std::chrono::milliseconds base, std::size_t pace, std::uint64_t bytes) {
  return base + std::chrono::milliseconds{bytes * 1000 / pace};
}

} // namespace

http_connection::http_connection(server_shared& shared, asio::ip::tcp::socket socket, std::uint32_t index,
                                 std::uint32_t generation)
    : shared_(shared), socket_(std::move(socket)), index_(index), generation_(generation),
      // A whole header must fit at once; and a body never stays here.
      input_(shared.limits.header_bytes_max + read_body_bytes) {}

void http_connection::start() {
  read_deadline_ = clock::now() + shared_.limits.idle_timeout;
  read();
}

void http_connection::start_refused(http_response&& response) {
  refuse(std::move(response));
  flush();
}

void http_connection::read() {
  if (closed_ || reading_ || read_ended_) return;
  if (!has_room()) {
    paused_ = true;
    return;
  }
  // The time that we did not read is not the peer's.
  if (std::exchange(paused_, false))
    read_deadline_ = std::max(read_deadline_, clock::now() + shared_.limits.header_timeout);
  reading_ = true;
  const bool in_body = parser_ && parser_->is_header_done();
  const auto room = std::min(in_body ? read_body_bytes : read_bytes, input_.max_size() - input_.size());
  socket_.async_read_some(
      input_.prepare(room),
      [self = shared_from_this()](error_code ec, std::size_t bytes) { self->on_read(ec, bytes); });
}

void http_connection::on_read(error_code ec, std::size_t bytes) {
  reading_ = false;
  if (closed_) return;
  if (lingering_) {
    if (ec) return close();
    input_.clear();
    return linger();
  }
  if (ec == asio::error::eof) {
    // A peer may close its side and still wait for its answers. Half a request gets none.
    read_ended_ = true;
    parser_.reset();
    if (pipeline_.empty() && !writing_) close();
    return;
  }
  if (ec) return close();
  input_.commit(bytes);
  parse();
}

void http_connection::parse() {
  parsing_ = true;
  while (!closed_ && !read_ended_ && input_.size() > 0 && has_room())
    if (!parse_some()) break;
  parsing_ = false;
  flush();
  read();
}

bool http_connection::parse_some() {
  const auto& limits = shared_.limits;
  if (!parser_) {
    parser_.emplace(shared_.memory);
    parser_->header_limit(static_cast<std::uint32_t>(limits.header_bytes_max));
    parser_->body_limit(limits.body_bytes_max);
    header_bytes_ = 0;
    read_deadline_ = clock::now() + limits.header_timeout;
  }
  const bool header_was_done = parser_->is_header_done();
  error_code ec;
  const auto used = parser_->put(input_.data(), ec);
  input_.consume(used);
  const bool more = ec == http::error::need_more;
  if (ec && !more) {
    refuse_parse_error(ec);
    return false;
  }
  if (!parser_->is_header_done()) {
    // The parser's own limit starts anew with every line that came completely.
    header_bytes_ += used;
    if (header_bytes_ + input_.size() > limits.header_bytes_max)
      refuse_parse_error(http::error::header_limit);
    return false;
  }
  if (!header_was_done) on_header();
  if (parser_->is_done()) {
    dispatch();
    return true;
  }
  // Only the frame of a chunk can be left over, and none is this long.
  if (more && input_.size() >= limits.header_bytes_max) refuse_parse_error(http::error::bad_chunk);
  return !more && !read_ended_;
}

void http_connection::on_header() {
  const auto length = parser_->content_length();
  read_deadline_ = clock::now() + allowance(shared_.limits.body_timeout, shared_.limits.slowest_pace,
                                            length ? *length : shared_.limits.body_bytes_max);
  if (!parser_->expects_continue() || parser_->is_done() || parser_->http10()) return;
  place interim;
  interim.ready = true;
  interim.interim = true;
  pipeline_.push_back(std::move(interim));
}

void http_connection::dispatch() {
  auto& counters = shared_.counters;
  place next;
  next.head = parser_->request().method == http_method::head;
  if (!parser_->keep_alive())
    read_ended_ = true;
  else
    next.keep_alive_1_0 = parser_->http10();
  auto request = std::move(parser_->request());
  const request_token token{index_, generation_, front_sequence_ + pipeline_.size(),
                            parser_->release_charge()};
  parser_.reset();
  read_deadline_ = clock::now() + shared_.limits.idle_timeout;
  // The space of a large body is not kept for a connection that may have been idle ever since.
  if (input_.size() == 0 && input_.capacity() > 2 * read_bytes) input_.shrink_to_fit();
  const bool overloaded = counters.in_flight >= shared_.limits.in_flight_max;
  if (overloaded) {
    ++counters.overloaded;
    next.ready = true;
    next.response = unavailable(problems::overloaded,
                                "too many requests are open on this node; nothing was applied", 1'000);
    shared_.memory.used -= token.charge;
  }
  pipeline_.push_back(std::move(next));
  if (overloaded) return;
  ++counters.in_flight;
  shared_.handler.on_request(std::move(request), token);
}

void http_connection::refuse(http_response&& response) {
  ++shared_.counters.bad;
  parser_.reset();
  read_ended_ = true;
  place last;
  last.ready = true;
  last.response = std::move(response);
  pipeline_.push_back(std::move(last));
}

void http_connection::refuse_parse_error(error_code ec) {
  if (const auto* kind = parser_->refusal()) {
    if (kind->status == 503) return refuse(unavailable(*kind, parser_->refusal_detail(), 1'000));
    return refuse(problem(*kind, parser_->refusal_detail()));
  }
  if (ec == http::error::header_limit)
    return refuse(problem(problems::headers_too_large, "request line and headers have at most " +
                                                           std::to_string(shared_.limits.header_bytes_max) +
                                                           " bytes together"));
  if (ec == http::error::body_limit)
    return refuse(problem(problems::too_large,
                          "a body has at most " + std::to_string(shared_.limits.body_bytes_max) + " bytes"));
  refuse(problem(problems::malformed_request, "this is not HTTP/1.1: " + ec.message()));
}

void http_connection::complete(std::uint64_t sequence, http_response&& response) {
  // Only answered places leave the pipeline, so this one is still in it.
  auto& done = pipeline_[static_cast<std::size_t>(sequence - front_sequence_)];
  done.response = std::move(response);
  done.ready = done.counted = true;
  count_unwritten(done.response.body.size());
  if (parsing_ || !writable() || writing_ || flush_asked_)
    return; // parse() and on_written() flush by themselves
  flush_asked_ = true;
  shared_.flush_later(shared_from_this());
}

void http_connection::count_unwritten(std::size_t bytes) {
  unwritten_bytes_ += bytes;
  shared_.memory.used += bytes;
}

void http_connection::discount_unwritten(std::size_t bytes) {
  unwritten_bytes_ -= bytes;
  shared_.memory.used -= bytes;
}

void http_connection::flush() {
  flush_asked_ = false;
  if (closed_ || writing_ || !writable()) return;
  gather();
  write();
}

void http_connection::gather() {
  text_.clear();
  segments_.clear();
  std::size_t bytes = 0;
  std::size_t begin = 0;
  while (writable() && bytes < gather_bytes_max) {
    auto& place = pipeline_.front();
    auto& response = place.response;
    if (place.interim) {
      text_ += "HTTP/1.1 100 Continue\r\n\r\n";
    } else {
      if (response.close) read_ended_ = true;
      const bool last = read_ended_ && pipeline_.size() == 1;
      append_head(text_, response,
                  last                   ? connection_header::close
                  : place.keep_alive_1_0 ? connection_header::keep_alive
                                         : connection_header::none,
                  shared_.date_header);
      if (place.counted) writing_bytes_ += response.body.size();
      const auto body_bytes = place.head ? 0 : response.body.size();
      if (body_bytes > 0 && body_bytes <= copy_bytes_max) {
        text_ += response.body.view();
      } else if (body_bytes > 0) {
        bytes += body_bytes;
        segments_.push_back({begin, text_.size(), std::move(response.body)});
        begin = text_.size();
      }
    }
    pipeline_.pop_front();
    ++front_sequence_;
    if (bytes + text_.size() >= gather_bytes_max) break;
  }
  if (begin < text_.size()) segments_.push_back({begin, text_.size(), {}});
}

void http_connection::write() {
  buffers_.clear();
  std::size_t bytes = 0;
  for (auto& part : segments_) {
    if (part.text_begin < part.text_end)
      buffers_.emplace_back(text_.data() + part.text_begin, part.text_end - part.text_begin);
    if (part.body.size() > 0) buffers_.emplace_back(part.body.view().data(), part.body.size());
  }
  for (auto& buffer : buffers_)
    bytes += buffer.size();
  writing_ = true;
  write_deadline_ =
      clock::now() + allowance(shared_.limits.write_timeout, shared_.limits.slowest_pace, bytes);
  auto done = [self = shared_from_this()](error_code ec, std::size_t) { self->on_written(ec); };
  if (buffers_.size() == 1)
    asio::async_write(socket_, asio::const_buffer{buffers_.front()}, std::move(done));
  else
    asio::async_write(socket_, std::span<const asio::const_buffer>{buffers_}, std::move(done));
}

void http_connection::on_written(error_code ec) {
  writing_ = false;
  if (closed_) return;
  discount_unwritten(std::exchange(writing_bytes_, 0));
  if (ec) return close();
  segments_.clear();
  if (text_.capacity() > 2 * copy_bytes_max) text_ = {};
  if (pipeline_.empty()) {
    if (read_ended_) return linger();
    if (!parser_) read_deadline_ = clock::now() + shared_.limits.idle_timeout;
  }
  parse();
}

/// Closes our side and reads until the peer closes its own: a connection that is cut with unread bytes is
/// reset, and a reset may destroy the last response on its way.
void http_connection::linger() {
  if (!lingering_) {
    lingering_ = true;
    error_code ignored;
    socket_.shutdown(asio::ip::tcp::socket::shutdown_send, ignored);
    read_deadline_ = clock::now() + shared_.limits.linger_timeout;
    input_.clear();
  }
  if (reading_) return;
  reading_ = true;
  socket_.async_read_some(
      input_.prepare(read_bytes),
      [self = shared_from_this()](error_code ec, std::size_t bytes) { self->on_read(ec, bytes); });
}

void http_connection::check_deadlines(clock::time_point now) {
  if (closed_) return;
  if (writing_ && now >= write_deadline_) {
    ++shared_.counters.timed_out;
    return close();
  }
  if (!reading_ || now < read_deadline_) return;
  if (lingering_) return close();
  if (parser_) {
    ++shared_.counters.timed_out;
    refuse(problem(problems::request_timeout, "the rest of the request did not come in time"));
    return flush();
  }
  if (!pipeline_.empty() || writing_ || read_ended_) return;
  ++shared_.counters.timed_out;
  close();
}

void http_connection::drain() {
  read_ended_ = true;
  parser_.reset();
  if (pipeline_.empty() && !writing_) close();
}

void http_connection::close() {
  if (closed_) return;
  closed_ = true;
  parser_.reset();
  discount_unwritten(unwritten_bytes_);
  error_code ignored;
  socket_.close(ignored);
  shared_.forget(index_);
}

} // namespace troupe::net
