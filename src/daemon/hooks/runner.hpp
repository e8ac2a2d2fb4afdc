#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "daemon/config/config.hpp"
#include "daemon/hook_event.hpp"
#include "daemon/hooks/queue.hpp"

namespace hawser::daemon::hooks {

/// Runs the configured program for each event, one at a time and in order, without blocking. Owns the queue
/// and the process. A program that takes too long is killed with its whole process group. Its output goes to
/// our log, line by line. HookQueue decides which events wait.
class HookRunner {
 public:
  static constexpr std::size_t kLines = 64;  ///< logged lines of one run's output
  /// From SIGTERM to SIGKILL.
  static constexpr std::chrono::milliseconds kGrace = std::chrono::seconds(1);

  /// Since the start of the daemon.
  struct Counters {
    std::uint64_t run = 0;        ///< started runs
    std::uint64_t failed = 0;     ///< runs that could not start or did not exit with status 0
    std::uint64_t timed_out = 0;  ///< failed runs that took too long
    std::uint64_t dropped = 0;    ///< events without a run: the queue was full, or the daemon ended
    std::uint64_t merged = 0;     ///< events without a run: others of a full queue made up for them
  };

  /// `context` is the event loop; it outlives the runner.
  HookRunner(boost::asio::io_context& context, config::HooksConfig config);
  ~HookRunner();
  HookRunner(const HookRunner&) = delete;
  HookRunner& operator=(const HookRunner&) = delete;

  /// Queues an event.
  void post(HookEvent event);
  /// After the last post(): calls `done` when every event has been run, possibly during this call. After one
  /// timeout of a run the rest is dropped.
  void finish(std::function<void()> done);
  /// Kills the running program and drops all queued events.
  void abandon();

  /// For the status.
  [[nodiscard]] const Counters& counters() const { return counters_; }

 private:
  struct Run;

  void run_next();
  void start(const HookEvent& event);
  [[nodiscard]] bool is_current(std::uint64_t run) const;
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
  HookQueue queue_;
  bool dropping_ = false;          ///< the last event found the queue full
  std::unique_ptr<Run> run_;       ///< null: none is in progress
  std::uint64_t last_run_id_ = 0;  ///< identifies runs, as a wake-up may belong to an earlier one
  std::function<void()> done_;
  Counters counters_;
};

}  // namespace hawser::daemon::hooks
