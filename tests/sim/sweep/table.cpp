#include "sim/sweep/table.hpp"

#include <cstdio>
#include <memory>

namespace hawser::sim::sweep {
namespace {

const char* name_of(Direction direction) {
  switch (direction) {
    case Direction::down: return "down";
    case Direction::up: return "up";
    default: return "both";
  }
}

std::string shares_of(const Row& row) {
  std::string text;
  for (std::size_t i = 0; i < row.profile->links.size() && i < RunResult::kLinks; ++i) {
    char part[16];
    std::snprintf(part, sizeof part, "%s%.0f", i == 0 ? "" : "/", row.result.shares[i] * 100);
    text += part;
  }
  return text;
}

void put(std::FILE* file, const char* name, double value) {
  std::fprintf(file, ", \"%s\": %.6g", name, value);
}

void put_row(std::FILE* file, const Row& row) {
  const RunResult& r = row.result;
  std::fprintf(file,
               "{\"profile\": \"%.*s\", \"direction\": \"%s\", \"transport\": \"%s\", \"flows\": %u, "
               "\"established\": %s",
               static_cast<int>(row.profile->name.size()), row.profile->name.data(),
               name_of(row.plan.direction), row.plan.transport == Transport::quic ? "quic" : "tcp",
               row.plan.flows, r.established ? "true" : "false");
  put(file, "mbps", r.rate);
  put(file, "mbps_least", row.least);
  put(file, "mbps_most", row.most);
  put(file, "mbps_up", r.rate_up);
  put(file, "share_of_payload", r.share_of_best);
  put(file, "start_ms", r.start);
  put(file, "idle_ms", r.idle);
  put(file, "ping_p50_ms", r.ping_median);
  put(file, "ping_p99_ms", r.ping_99);
  put(file, "ping_max_ms", r.ping_most);
  put(file, "ping_loss", r.ping_loss);
  put(file, "udp_idle_ms", r.udp_idle);
  put(file, "udp_p50_ms", r.udp_median);
  put(file, "udp_p99_ms", r.udp_99);
  put(file, "udp_loss", r.udp_loss);
  put(file, "udp_gap_ms", r.longest_gap);
  put(file, "flow_pause_ms", r.longest_pause);
  put(file, "inner_retransmissions", r.inner_again);
  put(file, "inner_timeouts", r.inner_timeouts);
  put(file, "outer_retransmissions", r.outer_again);
  put(file, "outer_timeouts", r.outer_timeouts);
  put(file, "spurious", r.spurious);
  put(file, "return_bytes", r.ack_bytes);
  put(file, "queue_drops", r.queue_drops);
  put(file, "path_failures", r.path_failures);
  put(file, "violations", r.violations);
  put(file, "wall_s", r.wall);
  std::fprintf(file, ", \"path_shares\": [");
  for (std::size_t i = 0; i < row.profile->links.size() && i < RunResult::kLinks; ++i)
    std::fprintf(file, "%s%.4f", i == 0 ? "" : ", ", r.shares[i]);
  std::fprintf(file, "]}");
}

}  // namespace

void print_heading(const Options& options) {
  std::printf("%u flow(s), %s, %s, %g to %g s, %u seed(s) from %llu\n", options.plan.flows,
              options.plan.transport == Transport::quic ? "QUIC" : "TCP",
              !options.plan.tunnel ? "best link without tunnel"
              : options.single     ? "tunnel over the best link"
                                   : "tunnel over all links",
              options.plan.warmup, options.plan.seconds, options.seeds,
              static_cast<unsigned long long>(options.plan.seed));
  std::printf(
      "%-14s %4s %7s %5s %6s | %6s %6s %6s %6s | %6s %6s %6s | %11s | %6s %4s %6s %4s %6s %5s %6s %4s %5s\n",
      "profile", "dir", "Mbit/s", "% C", "to 80%", "idle", "ping50", "ping99", "max", "udp50", "udp99",
      "loss %", "shares", "inner%", "RTO", "outer%", "T3", "dup %", "back%", "drops", "down", "wall");
  std::fflush(stdout);
}

void print_row(const Row& row) {
  const RunResult& r = row.result;
  std::printf(
      "%-14.*s %4s %7.1f %5.1f %6.0f | %6.1f %6.1f %6.1f %6.1f | %6.1f %6.1f %6.2f | %11s | "
      "%6.2f %4.0f %6.2f %4.0f %6.2f %5.1f %6.0f %4.0f %5.1f",
      static_cast<int>(row.profile->name.size()), row.profile->name.data(), name_of(row.plan.direction),
      r.rate, r.share_of_best * 100, r.start, r.idle, r.ping_median, r.ping_99, r.ping_most, r.udp_median,
      r.udp_99, r.udp_loss * 100, shares_of(row).c_str(), r.inner_again * 100, r.inner_timeouts,
      r.outer_again * 100, r.outer_timeouts, r.spurious * 100, r.ack_bytes * 100, r.queue_drops,
      r.path_failures, r.wall);
  if (row.plan.direction == Direction::both) std::printf(" up %.1f", r.rate_up);
  if (row.least != row.most) std::printf(" (%.1f to %.1f)", row.least, row.most);
  std::printf("%s%s\n", r.established ? "" : " NOT ESTABLISHED", r.violations != 0 ? " VIOLATIONS" : "");
  std::fflush(stdout);
}

bool write_json(const std::string& file, const std::vector<Row>& rows) {
  const std::unique_ptr<std::FILE, int (*)(std::FILE*)> out(std::fopen(file.c_str(), "w"), &std::fclose);
  if (!out) {
    std::fprintf(stderr, "sim_sweep: cannot write %s\n", file.c_str());
    return false;
  }
  std::fprintf(out.get(), "[\n");
  for (const Row& row : rows) {
    std::fprintf(out.get(), "  ");
    put_row(out.get(), row);
    std::fprintf(out.get(), &row == &rows.back() ? "\n" : ",\n");
  }
  std::fprintf(out.get(), "]\n");
  return true;
}

}  // namespace hawser::sim::sweep
