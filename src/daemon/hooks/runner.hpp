#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "daemon/config/config.hpp"
#include "daemon/hook_event.hpp"

namespace hawser::daemon::hooks {

/// Runs the configured program for each event: one at a time, in order, never waiting for it. Owns the queue
/// and the process. A program that takes too long is ended with its whole process group; what it prints goes
/// to our log, line by line. Events that find the queue full are dropped and counted.
class HookRunner {
 public:
  static constexpr std::size_t kQueue = 64;  ///< events waiting
  static constexpr std::size_t kLines = 64;  ///< of a run's output that are logged
  static constexpr std::chrono::milliseconds kGrace = std::chrono::seconds(1);  ///< from SIGTERM to SIGKILL

  struct Counters {
    std::uint64_t run = 0;        ///< started
    std::uint64_t failed = 0;     ///< of these, how many did not exit with status 0; or could not be started
    std::uint64_t timed_out = 0;  ///< of the failed ones, how many were ended for it
    std::uint64_t dropped = 0;    ///< events that found the queue full, or were not run before the end
  };

  HookRunner(boost::asio::io_context& context, config::HooksConfig config);
  ~HookRunner();
  HookRunner(const HookRunner&) = delete;
  HookRunner& operator=(const HookRunner&) = delete;

  void post(HookEvent event);
  /// No more events come: `done` is called, perhaps from within, once all have been run; at the latest one
  /// time-out from now, when the rest is dropped.
  void finish(std::function<void()> done);
  /// Ends the program that runs, and drops the rest.
  void abandon();

  [[nodiscard]] const Counters& counters() const { return counters_; }

 private:
  struct Run;

  void run_next();
  void start(const HookEvent& event);
  void watch_exit(std::uint64_t run);
  void watch_output(std::uint64_t run);
  void set_timer(std::chrono::milliseconds after, void (HookRunner::*then)());
  void on_timeout();
  void on_grace_over();
  void on_ended();
  void report(int status);

  boost::asio::io_context& context_;
  config::HooksConfig config_;
  boost::asio::steady_timer timer_;
  boost::asio::steady_timer finish_timer_;
  std::deque<HookEvent> queue_;
  std::unique_ptr<Run> run_;
  std::function<void()> done_;
  Counters counters_;
};

}  // namespace hawser::daemon::hooks
