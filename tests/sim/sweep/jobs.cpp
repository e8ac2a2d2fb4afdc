#include "sim/sweep/jobs.hpp"

#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cstring>
#include <exception>
#include <map>
#include <type_traits>

namespace hawser::sim::sweep {
namespace {

static_assert(std::is_trivially_copyable_v<RunResult>);

/// One measurement and its process.
struct Job {
  std::size_t row;
  RunPlan plan;
  RunResult result;
  bool done = false;
  int pipe = -1;
};

std::vector<Job> jobs_of(const Options& options, std::vector<Row>& rows) {
  std::vector<Job> jobs;
  for (const Direction direction : options.directions) {
    for (const Profile* profile : options.profiles) {
      RunPlan plan = options.plan;
      plan.profile = profile;
      plan.direction = direction;
      rows.push_back({profile, plan, {}});
      for (unsigned seed = 0; seed < options.seeds; ++seed) {
        plan.seed = options.plan.seed + seed;
        const std::size_t links = options.single ? profile->links.size() : 1;
        for (std::size_t link = 0; link < links; ++link) {
          plan.link = options.single ? static_cast<int>(link) : -1;
          jobs.push_back({rows.size() - 1, plan, {}});
        }
      }
    }
  }
  return jobs;
}

// In the child: a process of its own, because the random numbers of TLS belong to the process.
[[noreturn]] void work(const RunPlan& plan, int to) {
  RunResult result;
  try {
    result = run(plan);
  } catch (const std::exception& error) {
    std::fprintf(stderr, "sim_sweep: %s\n", error.what());
  }
  const bool written = ::write(to, &result, sizeof result) == static_cast<ssize_t>(sizeof result);
  ::_exit(written ? 0 : 1);
}

pid_t begin(Job& job) {
  int ends[2];
  if (::pipe(ends) != 0) throw std::runtime_error("cannot open a pipe");
  std::fflush(nullptr);
  const pid_t child = ::fork();
  if (child < 0) throw std::runtime_error("cannot start a process");
  if (child == 0) {
    ::close(ends[0]);
    work(job.plan, ends[1]);
  }
  ::close(ends[1]);
  job.pipe = ends[0];
  return child;
}

void finish(Job& job) {
  RunResult result;
  if (::read(job.pipe, &result, sizeof result) == static_cast<ssize_t>(sizeof result)) job.result = result;
  ::close(job.pipe);
  job.done = true;
}

// The best link of each seed.
std::vector<RunResult> best_of_each_seed(const std::vector<Job>& jobs, std::size_t row) {
  std::map<std::uint64_t, RunResult> best;
  for (const Job& job : jobs) {
    if (job.row != row) continue;
    const auto [known, added] = best.try_emplace(job.plan.seed, job.result);
    if (!added && job.result.rate > known->second.rate) known->second = job.result;
  }
  std::vector<RunResult> out;
  for (const auto& [seed, result] : best) out.push_back(result);
  return out;
}

double median(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  return values[values.size() / 2];
}

// Each figure of a RunResult but `established` is a double.
RunResult median_of(const std::vector<RunResult>& results) {
  RunResult out = results.front();
  const auto over = [&](auto member) {
    std::vector<double> values;
    for (const RunResult& result : results) values.push_back(result.*member);
    out.*member = median(values);
  };
  for (const auto member : {&RunResult::rate,           &RunResult::rate_up,       &RunResult::share_of_best,
                            &RunResult::start,          &RunResult::idle,          &RunResult::ping_median,
                            &RunResult::ping_99,        &RunResult::ping_most,     &RunResult::ping_loss,
                            &RunResult::udp_idle,       &RunResult::udp_median,    &RunResult::udp_99,
                            &RunResult::udp_loss,       &RunResult::longest_gap,   &RunResult::inner_again,
                            &RunResult::inner_timeouts, &RunResult::outer_again,   &RunResult::outer_timeouts,
                            &RunResult::spurious,       &RunResult::ack_bytes,     &RunResult::queue_drops,
                            &RunResult::path_failures,  &RunResult::longest_pause, &RunResult::wall}) {
    over(member);
  }
  for (std::size_t i = 0; i < RunResult::kLinks; ++i) {
    std::vector<double> values;
    for (const RunResult& result : results) values.push_back(result.shares[i]);
    out.shares[i] = median(values);
  }
  for (const RunResult& result : results) {
    out.established = out.established && result.established;
    out.violations = std::max(out.violations, result.violations);
  }
  return out;
}

void complete(Row& row, const std::vector<RunResult>& results) {
  row.result = median_of(results);
  const auto by_rate = [](const RunResult& a, const RunResult& b) { return a.rate < b.rate; };
  row.least = std::ranges::min_element(results, by_rate)->rate;
  row.most = std::ranges::max_element(results, by_rate)->rate;
}

}  // namespace

std::vector<Row> run_all(const Options& options, const std::function<void(const Row&)>& report) {
  std::vector<Row> rows;
  std::vector<Job> jobs = jobs_of(options, rows);
  std::map<pid_t, std::size_t> running;
  std::size_t next = 0;
  std::size_t reported = 0;
  while (next < jobs.size() || !running.empty()) {
    while (next < jobs.size() && running.size() < options.jobs) {
      running[begin(jobs[next])] = next;
      ++next;
    }
    const pid_t ended = ::wait(nullptr);
    const auto job = running.find(ended);
    if (job == running.end()) continue;
    finish(jobs[job->second]);
    running.erase(job);
    for (; reported < rows.size(); ++reported) {
      const auto open = [&](const Job& each) { return each.row == reported && !each.done; };
      if (std::ranges::any_of(jobs, open)) break;
      complete(rows[reported], best_of_each_seed(jobs, reported));
      report(rows[reported]);
    }
  }
  return rows;
}

}  // namespace hawser::sim::sweep
