#include "daemon/hooks/runner.hpp"

#include <fmt/format.h>
#include <spdlog/spdlog.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <csignal>
#include <utility>

#include "daemon/hooks/child_process.hpp"

namespace hawser::daemon::hooks {
namespace {

namespace asio = boost::asio;

// The value that a shell assumes without PATH, so that every program gets the same.
constexpr std::string_view kPath = "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";
constexpr std::size_t kMaxLineLength = 512;
constexpr std::size_t kMaxFinalRead = 64U << 10;

std::vector<std::string> environment_of(const HookEvent& event) {
  std::vector<std::string> out{std::string(kPath), "HAWSER_EVENT=" + event.name};
  for (const auto& [name, value] : event.facts) out.push_back(fmt::format("{}={}", name, value));
  return out;
}

/// Turns the output of a program into lines of our log. The program cannot forge other lines: control
/// characters and non-ASCII bytes become question marks.
class OutputLog {
 public:
  explicit OutputLog(std::string event) : event_(std::move(event)) {}

  void append(std::string_view text) {
    for (const char c : text) {
      if (c == '\n' || line_.size() == kMaxLineLength) end_line();
      if (c != '\n') line_ += c >= ' ' && c <= '~' ? c : '?';
    }
  }
  void end_line() {
    if (line_.empty()) return;
    if (lines_ < HookRunner::kLines) spdlog::info("hook {}: {}", event_, line_);
    if (lines_ == HookRunner::kLines) spdlog::warn("hook {}: further output is not logged", event_);
    ++lines_;
    line_.clear();
  }

 private:
  std::string event_;
  std::string line_;
  std::size_t lines_ = 0;
};

}  // namespace

/// One run of the program. Owns the process, to which the descriptors belong.
struct HookRunner::Run {
  Run(std::uint64_t run_id, asio::io_context& context, std::unique_ptr<ChildProcess> child,
      const std::string& event_name)
      : id(run_id),
        process(std::move(child)),
        exit(context, process->exit_descriptor()),
        output(context, process->output_descriptor()),
        event(event_name),
        log(event_name) {}
  ~Run() {
    exit.release();
    output.release();
  }
  Run(const Run&) = delete;
  Run& operator=(const Run&) = delete;

  /// Logs `limit` bytes of output or a little more. False: the output has ended.
  bool read_output(std::size_t limit) {
    std::array<char, 4096> part;
    for (std::size_t total = 0; total < limit;) {
      const ssize_t got = ::read(process->output_descriptor(), part.data(), part.size());
      if (got <= 0) return got < 0 && (errno == EAGAIN || errno == EINTR);
      log.append({part.data(), static_cast<std::size_t>(got)});
      total += static_cast<std::size_t>(got);
    }
    return true;
  }

  const std::uint64_t id;
  std::unique_ptr<ChildProcess> process;
  asio::posix::stream_descriptor exit;
  asio::posix::stream_descriptor output;
  std::string event;
  OutputLog log;
  bool timed_out = false;
};

HookRunner::HookRunner(asio::io_context& context, config::HooksConfig config)
    : context_(context), config_(std::move(config)), timer_(context), finish_timer_(context) {}

HookRunner::~HookRunner() = default;

void HookRunner::post(HookEvent event) {
  const std::string name = event.name;
  const HookQueue::Result result = queue_.push(std::move(event));
  counters_.merged += result.merged;
  counters_.dropped += result.dropped;
  const bool was_dropping = std::exchange(dropping_, result.dropped != 0);
  if (dropping_ && !was_dropping) spdlog::warn("hook {}: dropped: {} events are queued", name, queue_.size());
  run_next();
}

void HookRunner::run_next() {
  while (!run_ && !queue_.empty()) {
    start(queue_.pop());
  }
  if (run_ || !done_) return;
  finish_timer_.cancel();
  std::exchange(done_, nullptr)();
}

void HookRunner::start(const HookEvent& event) {
  ++counters_.run;
  auto child = ChildProcess::start(config_.command, environment_of(event));
  if (!child) {
    ++counters_.failed;
    return spdlog::warn("hook {}: cannot run {}: {}", event.name, config_.command, child.error().message());
  }
  spdlog::debug("hook {}: running {}", event.name, config_.command);
  run_ = std::make_unique<Run>(++last_run_id_, context_, std::move(*child), event.name);
  watch_exit(run_->id);
  watch_output(run_->id);
  set_timer(std::chrono::seconds(config_.timeout_seconds), &HookRunner::on_timeout);
}

// A wake-up may arrive after the end of its run, and even belong to an earlier run: the reactor reuses its
// records of descriptors.
bool HookRunner::is_current(std::uint64_t run) const {
  return run_ && run_->id == run;
}

void HookRunner::watch_exit(std::uint64_t run) {
  run_->exit.async_wait(asio::posix::stream_descriptor::wait_read,
                        [this, run](boost::system::error_code error) {
                          if (error || !is_current(run)) return;
                          if (!run_->process->has_ended()) return watch_exit(run);
                          on_ended();
                        });
}

void HookRunner::watch_output(std::uint64_t run) {
  run_->output.async_wait(asio::posix::stream_descriptor::wait_read,
                          [this, run](boost::system::error_code error) {
                            if (error || !is_current(run)) return;
                            if (run_->read_output(1)) watch_output(run);
                          });
}

void HookRunner::set_timer(std::chrono::milliseconds after, void (HookRunner::*then)()) {
  timer_.expires_after(after);
  timer_.async_wait([this, then, run = run_->id](boost::system::error_code error) {
    if (!error && is_current(run)) (this->*then)();
  });
}

void HookRunner::on_timeout() {
  spdlog::warn("hook {}: terminated after {} s", run_->event, config_.timeout_seconds);
  run_->timed_out = true;
  run_->process->signal(SIGTERM);
  set_timer(kGrace, &HookRunner::on_grace_over);
}

void HookRunner::on_grace_over() {
  run_->process->signal(SIGKILL);
}

void HookRunner::on_ended() {
  timer_.cancel();
  const int status = run_->process->reap();
  run_->read_output(kMaxFinalRead);
  run_->log.end_line();
  report(status);
  run_.reset();
  run_next();
}

void HookRunner::report(int status) {
  if (run_->timed_out) ++counters_.timed_out;
  if (status == 0 && !run_->timed_out) return;
  ++counters_.failed;
  if (WIFSIGNALED(status)) {
    spdlog::warn("hook {}: ended by signal {}", run_->event, WTERMSIG(status));
  } else {
    spdlog::warn("hook {}: exit status {}", run_->event, WEXITSTATUS(status));
  }
}

// --- the end

void HookRunner::finish(std::function<void()> done) {
  done_ = std::move(done);
  finish_timer_.expires_after(std::chrono::seconds(config_.timeout_seconds));
  finish_timer_.async_wait([this](boost::system::error_code error) {
    if (!error && done_) abandon();
  });
  run_next();
}

void HookRunner::abandon() {
  if (run_ || !queue_.empty()) {
    spdlog::warn("hooks: stopping, {} not completed", queue_.size() + (run_ ? 1 : 0));
  }
  if (run_) ++counters_.failed;
  counters_.dropped += queue_.size();
  queue_.clear();
  timer_.cancel();
  run_.reset();
  run_next();
}

}  // namespace hawser::daemon::hooks
