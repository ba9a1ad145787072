#pragma once

// One connection: reading ahead up to the bound of the pipeline, answering in order, writing what is ready at
// once. Includes Asio: for net/http_connection.cpp and net/http_server.cpp only.

#include "net/http_parser.hpp"
#include "net/http_server.hpp"

#include <boost/asio/ip/tcp.hpp>
#include <boost/beast/core/flat_buffer.hpp>

#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace troupe::net {

class http_connection;

/// What all connections of a server share.
struct server_shared {
  using clock = std::chrono::steady_clock;

  server_limits limits;
  http_handler& handler;
  server_counters counters;
  memory_budget memory;
  std::string date_header; ///< "Date: ...\r\n", renewed every now and then

  /// Flushes this connection at the end of the turn.
  std::function<void(std::shared_ptr<http_connection>)> flush_later;
  /// Takes the connection out of the table.
  std::function<void(std::uint32_t index)> forget;
};

class http_connection : public std::enable_shared_from_this<http_connection> {
public:
  using clock = server_shared::clock;

  http_connection(server_shared& shared, boost::asio::ip::tcp::socket socket, std::uint32_t index,
                  std::uint32_t generation);

  void start();
  /// Starts by saying no: nothing is read.
  void start_refused(http_response&& response);
  void complete(std::uint64_t sequence, http_response&& response);
  void flush();
  /// Cuts the connection if something takes too long.
  void check_deadlines(clock::time_point now);
  /// Reads no more; ends after the last answer.
  void drain();
  void close();

  std::uint32_t generation() const { return generation_; }

private:
  using error_code = boost::system::error_code;

  /// One place in the pipeline: a request and its response, or an interim "100 Continue".
  struct place {
    bool ready = false;
    bool counted = false; ///< its body is among unwritten_bytes_
    bool interim = false;
    bool head = false;           ///< the body is left out
    bool keep_alive_1_0 = false; ///< HTTP/1.0 wants to be told that the connection stays
    http_response response;
  };
  /// Part of what is being written: some of text_, then a body that is too large to copy.
  struct segment {
    std::size_t text_begin = 0;
    std::size_t text_end = 0;
    http_body body;
  };

  void read();
  void on_read(error_code ec, std::size_t bytes);
  void parse();
  /// One step of the parser. False when it needs more bytes or reading has ended.
  bool parse_some();
  void on_header();
  void dispatch();
  /// Answers what could not be parsed, and reads no more: where the next request begins is not known.
  void refuse(http_response&& response);
  void refuse_parse_error(error_code ec);
  void gather();
  void write();
  void on_written(error_code ec);
  void linger();
  /// More requests may be taken.
  bool has_room() const {
    return pipeline_.size() < shared_.limits.pipeline_max &&
           unwritten_bytes_ < shared_.limits.unwritten_bytes_max;
  }
  void count_unwritten(std::size_t bytes);
  void discount_unwritten(std::size_t bytes);
  bool writable() const { return !pipeline_.empty() && pipeline_.front().ready; }

  server_shared& shared_;
  boost::asio::ip::tcp::socket socket_;
  std::uint32_t index_;
  std::uint32_t generation_;

  boost::beast::flat_buffer input_;
  std::optional<request_parser> parser_; ///< engaged from the first byte of a request to its end
  std::size_t header_bytes_ = 0;         ///< of this request that the parser took so far
  std::deque<place> pipeline_;
  std::uint64_t front_sequence_ = 0; ///< of pipeline_.front()

  std::size_t unwritten_bytes_ = 0; ///< bodies of answers: in the pipeline, and being written
  std::size_t writing_bytes_ = 0;   ///< those of them that are being written

  std::string text_;
  std::vector<segment> segments_;
  std::vector<boost::asio::const_buffer> buffers_;

  clock::time_point read_deadline_;
  clock::time_point write_deadline_;
  bool reading_ = false;
  bool paused_ = false; ///< reading waits for room in the pipeline
  bool parsing_ = false;
  bool read_ended_ = false; ///< by the peer, by an error, by "Connection: close" or by drain()
  bool writing_ = false;
  bool lingering_ = false;
  bool flush_asked_ = false;
  bool closed_ = false;
};

} // namespace troupe::net
