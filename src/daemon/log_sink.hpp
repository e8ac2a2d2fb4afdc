#pragma once

#include <spdlog/details/null_mutex.h>
#include <spdlog/sinks/base_sink.h>

#include <cstdint>
#include <string>
#include <string_view>

#include "base/file_descriptor.hpp"

namespace hawser::daemon {

/// Writes log lines to a descriptor without waiting for its reader: the thread that logs also carries the
/// tunnel's packets. A line that finds no room is dropped and counted, and the number is logged as soon as
/// there is room again. Owns a descriptor of its own for a pipe or terminal; does not own the one it is
/// given.
class LogSink final : public spdlog::sinks::base_sink<spdlog::details::null_mutex> {
 public:
  /// `descriptor` stays open as long as the sink.
  explicit LogSink(int descriptor);

  /// Lines dropped so far.
  [[nodiscard]] std::uint64_t dropped() const { return dropped_; }

 protected:
  void sink_it_(const spdlog::details::log_msg& message) override;
  void flush_() override {}

 private:
  [[nodiscard]] bool write_rest();
  void write_line(std::string_view line);
  [[nodiscard]] long try_write(std::string_view text) const;

  int descriptor_;
  FileDescriptor own_;  ///< the same file, opened again as non-blocking
  bool socket_;
  std::string rest_;  ///< of a line that was written in part
  std::uint64_t dropped_ = 0;
  std::uint64_t reported_ = 0;  ///< of the dropped lines
};

}  // namespace hawser::daemon
