// The peer in the interoperability tests: usrsctp over UDP.
//
//   usrsctp_peer server-echo    sends every message back
//   usrsctp_peer server-discard counts and checks test messages
//   usrsctp_peer client-send    sends test messages, with --echo expects them back, then ends as --end says
//   usrsctp_peer client-receive connects and receives until the server ends the association
//
// A server exits after one association. On SIGTERM, a server or a client shuts its association down. Events
// are printed as one JSON object per line; the last line is the report.

#include <unistd.h>
#include <usrsctp.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <atomic>
#include <cerrno>
#include <chrono>
#include <cstdarg>
#include <cstdio>
#include <cstring>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "examples/common/program.hpp"
#include "examples/common/test_message.hpp"
#include "hawser/base/address.hpp"
#include "socket_address.hpp"

namespace hawser::interop {
namespace {

using namespace std::chrono_literals;
using examples::stop_requested;
using UsrsctpSocket = struct ::socket;  // the name of the type is also that of a system call

struct Options {
  std::string mode;
  std::vector<std::string> local;
  std::uint16_t port = 5001;
  std::uint16_t udp_port = 9899;
  std::string remote;
  std::uint16_t remote_port = 5001;
  std::uint16_t remote_udp_port = 0;
  std::vector<std::size_t> sizes{1000};
  std::uint64_t messages = 1000;
  std::uint16_t streams = 64;
  bool unordered = false;
  unsigned lifetime_ms = 0;
  std::optional<unsigned> max_retransmissions;
  bool echo = false;
  std::string end = "shutdown";
  bool dynamic_addresses = true;
  bool nr_sack = false;
  unsigned cmt = 0;
  unsigned buffer_splitting = 0;
  unsigned rto_min_ms = 1000;
  unsigned heartbeat_ms = 30000;
  int buffer = 0;
  std::string add_address;
  std::string delete_address;
  std::string auth_key;
  unsigned wait_paths = 1;
  unsigned linger_s = 0;
  unsigned timeout_s = 180;
  bool debug = false;
};

[[gnu::format(printf, 1, 2)]] void print_event(const char* format, ...) {
  static std::mutex mutex;
  const std::lock_guard lock(mutex);
  std::va_list arguments;
  va_start(arguments, format);
  std::vprintf(format, arguments);
  va_end(arguments);
  std::putchar('\n');
  std::fflush(stdout);
}

[[gnu::format(printf, 1, 2)]] void print_debug(const char* format, ...) {
  std::va_list arguments;
  va_start(arguments, format);
  std::vfprintf(stderr, format, arguments);
  va_end(arguments);
}

[[noreturn]] void fail(const std::string& what) {
  throw std::system_error(errno, std::generic_category(), what);
}

template <class T>
void set_option(UsrsctpSocket* so, int name, const T& value) {
  if (usrsctp_setsockopt(so, IPPROTO_SCTP, name, &value, sizeof value) != 0) {
    fail("usrsctp_setsockopt " + std::to_string(name));
  }
}

SocketAddress parse_address(const std::string& text, std::uint16_t port) {
  const auto ip = IpAddress::parse(text);
  if (!ip) throw CLI::ValidationError("not an IP address: " + text);
  return SocketAddress({*ip, port});
}

/// One association and the audits of its messages. The main thread receives. A client sends from a second
/// thread, so that an echo cannot block both ends.
class Peer {
 public:
  explicit Peer(const Options& options) : options_(options), buffer_(std::size_t{1} << 20) {}

  int run();

 private:
  // Set-up, in order.
  void start_stack() const;
  void open_socket();
  void configure() const;
  void subscribe() const;
  void accept_one();
  void connect();

  // The sender thread.
  void send_all();
  void wait_for_paths() const;
  bool send(std::span<const std::byte> message, const sctp_sndinfo& info) const;
  void end_association();
  void change_addresses() const;

  // The receiver.
  void receive_all();
  void on_message(std::uint16_t flags, std::uint16_t stream, std::uint32_t ppid);
  void on_notification(const sctp_notification& note);
  void on_association_change(const sctp_assoc_change& change);
  void on_path_change(const sctp_paddr_change& change);
  void report() const;

  [[nodiscard]] bool is_server() const { return options_.mode.starts_with("server"); }

  const Options& options_;
  UsrsctpSocket* socket_ = nullptr;
  UsrsctpSocket* listener_ = nullptr;
  std::vector<std::byte> buffer_;
  std::vector<std::byte> message_;  // the received part of the current message
  examples::MessageAudit sent_;
  examples::MessageAudit received_;
  std::atomic<std::uint64_t> received_count_ = 0;
  std::atomic<unsigned> paths_ = 1;  // confirmed addresses of the peer
  std::atomic<bool> over_ = false;
  bool graceful_ = false;
  bool aborted_ = false;
};

void Peer::start_stack() const {
  usrsctp_init(options_.udp_port, nullptr, print_debug);
#ifdef SCTP_DEBUG
  if (options_.debug) usrsctp_sysctl_set_sctp_debug_on(SCTP_DEBUG_ALL);
#endif
  usrsctp_sysctl_set_sctp_no_csum_on_loopback(0);
  usrsctp_sysctl_set_sctp_auto_asconf(0);
  usrsctp_sysctl_set_sctp_auth_enable(options_.dynamic_addresses ? 1 : 0);
  usrsctp_sysctl_set_sctp_asconf_enable(options_.dynamic_addresses ? 1 : 0);
  usrsctp_sysctl_set_sctp_nrsack_enable(options_.nr_sack ? 1 : 0);
  usrsctp_sysctl_set_sctp_cmt_on_off(options_.cmt);
  usrsctp_sysctl_set_sctp_buffer_splitting(options_.buffer_splitting);
  usrsctp_sysctl_set_sctp_rto_min_default(options_.rto_min_ms);
  usrsctp_sysctl_set_sctp_rto_initial_default(options_.rto_min_ms);
  usrsctp_sysctl_set_sctp_heartbeat_interval_default(options_.heartbeat_ms);
}

void Peer::open_socket() {
  const int family = options_.local.front().find(':') == std::string::npos ? AF_INET : AF_INET6;
  socket_ = usrsctp_socket(family, SOCK_STREAM, IPPROTO_SCTP, nullptr, nullptr, 0, nullptr);
  if (socket_ == nullptr) fail("usrsctp_socket");
  configure();
  subscribe();
  SocketAddress first = parse_address(options_.local.front(), options_.port);
  if (usrsctp_bind(socket_, first.get(), first.size()) != 0) fail("usrsctp_bind");
  for (std::size_t i = 1; i < options_.local.size(); ++i) {
    SocketAddress more = parse_address(options_.local[i], options_.port);
    if (usrsctp_bindx(socket_, more.get(), 1, SCTP_BINDX_ADD_ADDR) != 0) fail("usrsctp_bindx");
  }
}

void Peer::configure() const {
  if (options_.buffer > 0) {
    for (const int which : {SO_SNDBUF, SO_RCVBUF}) {
      if (usrsctp_setsockopt(socket_, SOL_SOCKET, which, &options_.buffer, sizeof options_.buffer) != 0) {
        fail("usrsctp_setsockopt SO_SNDBUF or SO_RCVBUF");
      }
    }
  }
  sctp_initmsg init{};
  init.sinit_num_ostreams = options_.streams;
  init.sinit_max_instreams = options_.streams;
  set_option(socket_, SCTP_INITMSG, init);
  if (options_.remote_udp_port != 0) {
    sctp_udpencaps encapsulation{};
    encapsulation.sue_address.ss_family = AF_INET;
    encapsulation.sue_port = htons(options_.remote_udp_port);
    set_option(socket_, SCTP_REMOTE_UDP_ENCAPS_PORT, encapsulation);
  }
  if (!options_.auth_key.empty()) {
    // Key number 1: number 0 is the empty key that both ends always have, and it would hide a wrong key.
    std::vector<std::byte> raw(sizeof(sctp_authkey) + options_.auth_key.size());
    auto* key = reinterpret_cast<sctp_authkey*>(raw.data());
    key->sca_keynumber = 1;
    key->sca_keylength = static_cast<std::uint16_t>(options_.auth_key.size());
    std::memcpy(key->sca_key, options_.auth_key.data(), options_.auth_key.size());
    if (usrsctp_setsockopt(socket_, IPPROTO_SCTP, SCTP_AUTH_KEY, raw.data(),
                           static_cast<socklen_t>(raw.size())) != 0) {
      fail("usrsctp_setsockopt SCTP_AUTH_KEY");
    }
    set_option(socket_, SCTP_AUTH_ACTIVE_KEY, sctp_authkeyid{0, 1});
  }
}

void Peer::subscribe() const {
  static constexpr std::uint16_t kTypes[] = {SCTP_ASSOC_CHANGE, SCTP_PEER_ADDR_CHANGE, SCTP_SHUTDOWN_EVENT,
                                             SCTP_REMOTE_ERROR, SCTP_ADAPTATION_INDICATION};
  for (const std::uint16_t type : kTypes) {
    set_option(socket_, SCTP_EVENT, sctp_event{SCTP_FUTURE_ASSOC, type, 1});
  }
  set_option(socket_, SCTP_RECVRCVINFO, 1);
  set_option(socket_, SCTP_NODELAY, 1);
}

void Peer::accept_one() {
  if (usrsctp_listen(socket_, 4) != 0) fail("usrsctp_listen");
  listener_ = socket_;
  print_event(R"({"event":"listening"})");
  usrsctp_set_non_blocking(listener_, 1);
  while ((socket_ = usrsctp_accept(listener_, nullptr, nullptr)) == nullptr) {
    if (errno != EAGAIN && errno != EWOULDBLOCK) fail("usrsctp_accept");
    if (stop_requested()) return;
    std::this_thread::sleep_for(5ms);
  }
  usrsctp_set_non_blocking(socket_, 0);
  // An accepted socket does not inherit the subscriptions of the listening socket.
  subscribe();
  print_event(R"({"event":"up"})");
}

void Peer::connect() {
  SocketAddress remote = parse_address(options_.remote, options_.remote_port);
  if (usrsctp_connect(socket_, remote.get(), remote.size()) != 0) fail("usrsctp_connect");
}

void Peer::wait_for_paths() const {
  for (int i = 0; i < 3000 && paths_ < options_.wait_paths && !over_; ++i) std::this_thread::sleep_for(10ms);
}

void Peer::send_all() {
  wait_for_paths();
  change_addresses();
  std::vector<std::byte> message;
  std::vector<std::uint64_t> numbers(options_.streams);
  for (std::uint64_t i = 0; i < options_.messages && !stop_requested(); ++i) {
    sctp_sndinfo info{};
    info.snd_sid = static_cast<std::uint16_t>(i % options_.streams);
    info.snd_ppid = htonl(1000U + info.snd_sid);
    info.snd_flags = options_.unordered ? SCTP_UNORDERED : 0;
    message.resize(options_.sizes[i % options_.sizes.size()]);
    examples::fill_test_message(message, info.snd_sid, numbers[info.snd_sid]++);
    if (!send(message, info)) return;
    sent_.add(info.snd_sid, options_.unordered, message);
  }
  while (options_.echo && received_count_ < sent_.messages() && !over_) std::this_thread::sleep_for(1ms);
  end_association();
}

bool Peer::send(std::span<const std::byte> message, const sctp_sndinfo& info) const {
  sctp_sendv_spa spa{};
  spa.sendv_flags = SCTP_SEND_SNDINFO_VALID;
  spa.sendv_sndinfo = info;
  if (options_.lifetime_ms != 0) spa.sendv_prinfo = {SCTP_PR_SCTP_TTL, options_.lifetime_ms};
  if (options_.max_retransmissions) spa.sendv_prinfo = {SCTP_PR_SCTP_RTX, *options_.max_retransmissions};
  if (spa.sendv_prinfo.pr_policy != SCTP_PR_SCTP_NONE) spa.sendv_flags |= SCTP_SEND_PRINFO_VALID;
  const ssize_t n =
      usrsctp_sendv(socket_, message.data(), message.size(), nullptr, 0, &spa, sizeof spa, SCTP_SENDV_SPA, 0);
  if (n < 0) print_event(R"({"event":"send_failed","error":"%s"})", std::strerror(errno));
  return n >= 0;
}

void Peer::end_association() {
  while (options_.end == "wait" && !stop_requested() && !over_) std::this_thread::sleep_for(5ms);
  if (over_) return;
  if (options_.end == "abort") {
    sctp_sndinfo info{};
    info.snd_flags = SCTP_ABORT;
    constexpr std::string_view kReason = "aborted by --end";
    (void)send(std::as_bytes(std::span(kReason)), info);
    aborted_ = true;
    return;
  }
  usrsctp_shutdown(socket_, SHUT_WR);
}

// Literal ADD and DEL by ASCONF: usrsctp sends one when the addresses of a bound socket change.
void Peer::change_addresses() const {
  if (!options_.add_address.empty()) {
    SocketAddress address = parse_address(options_.add_address, options_.port);
    if (usrsctp_bindx(socket_, address.get(), 1, SCTP_BINDX_ADD_ADDR) != 0) fail("usrsctp_bindx add");
    print_event(R"({"event":"address_added","address":"%s"})", options_.add_address.c_str());
  }
  if (!options_.delete_address.empty()) {
    std::this_thread::sleep_for(3s);  // the peer validates the new address first
    SocketAddress address = parse_address(options_.delete_address, options_.port);
    if (usrsctp_bindx(socket_, address.get(), 1, SCTP_BINDX_REM_ADDR) != 0) fail("usrsctp_bindx rem");
    print_event(R"({"event":"address_deleted","address":"%s"})", options_.delete_address.c_str());
    // usrsctp answers a packet to the deleted address with an ABORT, so no packet may be in flight to it.
    std::this_thread::sleep_for(500ms);
  }
}

void Peer::receive_all() {
  while (true) {
    sockaddr_storage from{};
    socklen_t from_size = sizeof from;
    sctp_rcvinfo info{};
    socklen_t info_size = sizeof info;
    unsigned info_type = SCTP_RECVV_NOINFO;
    int flags = 0;
    const ssize_t n =
        usrsctp_recvv(socket_, buffer_.data(), buffer_.size(), reinterpret_cast<sockaddr*>(&from), &from_size,
                      &info, &info_size, &info_type, &flags);
    if (n <= 0) {
      if (n < 0) print_event(R"({"event":"receive_failed","error":"%s"})", std::strerror(errno));
      break;
    }
    message_.insert(message_.end(), buffer_.begin(), buffer_.begin() + n);
    if ((flags & MSG_EOR) == 0) continue;
    if ((flags & MSG_NOTIFICATION) != 0) {
      on_notification(*reinterpret_cast<const sctp_notification*>(message_.data()));
    } else {
      on_message(info.rcv_flags, info.rcv_sid, info.rcv_ppid);
    }
    message_.clear();
  }
  over_ = true;
}

void Peer::on_message(std::uint16_t flags, std::uint16_t stream, std::uint32_t ppid) {
  const bool unordered = (flags & SCTP_UNORDERED) != 0;
  received_.add(stream, unordered, message_);
  ++received_count_;
  if (options_.mode != "server-echo") return;
  sctp_sndinfo info{};
  info.snd_sid = stream;
  info.snd_ppid = ppid;
  info.snd_flags = unordered ? SCTP_UNORDERED : 0;
  if (send(message_, info)) sent_.add(stream, unordered, message_);
}

void Peer::on_notification(const sctp_notification& note) {
  switch (note.sn_header.sn_type) {
    case SCTP_ASSOC_CHANGE: on_association_change(note.sn_assoc_change); break;
    case SCTP_PEER_ADDR_CHANGE: on_path_change(note.sn_paddr_change); break;
    case SCTP_SHUTDOWN_EVENT: print_event(R"({"event":"shutdown_received"})"); break;
    case SCTP_REMOTE_ERROR:
      print_event(R"({"event":"remote_error","cause":%u})", ntohs(note.sn_remote_error.sre_error));
      break;
    case SCTP_ADAPTATION_INDICATION:
      print_event(R"({"event":"adaptation","value":%u})", note.sn_adaptation_event.sai_adaptation_ind);
      break;
    default: break;
  }
}

void Peer::on_association_change(const sctp_assoc_change& change) {
  switch (change.sac_state) {
    case SCTP_COMM_UP:
      print_event(R"({"event":"connected","outbound_streams":%u,"inbound_streams":%u})",
                  change.sac_outbound_streams, change.sac_inbound_streams);
      break;
    case SCTP_SHUTDOWN_COMP:
      graceful_ = true;
      print_event(R"({"event":"closed"})");
      break;
    case SCTP_COMM_LOST: print_event(R"({"event":"lost","cause":%u})", change.sac_error); break;
    case SCTP_RESTART: print_event(R"({"event":"restarted"})"); break;
    default: print_event(R"({"event":"cannot_start","cause":%u})", change.sac_error); break;
  }
}

void Peer::on_path_change(const sctp_paddr_change& change) {
  static constexpr const char* kStates[] = {"available", "unreachable",  "removed",
                                            "added",     "made_primary", "confirmed"};
  const unsigned state = change.spc_state - SCTP_ADDR_AVAILABLE;
  if (state >= std::size(kStates)) return;
  if (change.spc_state == SCTP_ADDR_CONFIRMED) ++paths_;
  const UdpAddress address = SocketAddress::value_of(reinterpret_cast<const sockaddr&>(change.spc_aaddr));
  print_event(R"({"event":"address","address":"%s","state":"%s"})", address.ip.to_string().c_str(),
              kStates[state]);
}

void Peer::report() const {
  sctpstat stat{};
  usrsctp_get_stat(&stat);
  print_event(
      R"({"event":"report","graceful":%s,)"
      R"("sent":{"messages":%llu,"bytes":%llu,"digest":"%016llx"},)"
      R"("received":{"messages":%llu,"bytes":%llu,"digest":"%016llx","corrupt":%llu,"out_of_order":%llu},)"
      R"("checksum_errors":%u,"retransmitted":%u,"timeouts":%u,"auth_failed":%u,"auth_missing":%u,)"
      R"("duplicates":%u})",
      graceful_ ? "true" : "false", static_cast<unsigned long long>(sent_.messages()),
      static_cast<unsigned long long>(sent_.bytes()), static_cast<unsigned long long>(sent_.digest()),
      static_cast<unsigned long long>(received_.messages()),
      static_cast<unsigned long long>(received_.bytes()), static_cast<unsigned long long>(received_.digest()),
      static_cast<unsigned long long>(received_.corrupt()),
      static_cast<unsigned long long>(received_.out_of_order()), stat.sctps_badsum,
      stat.sctps_sendretransdata, stat.sctps_timodata, stat.sctps_recvauthfailed, stat.sctps_recvauthmissing,
      stat.sctps_recvdupdata);
}

int Peer::run() {
  start_stack();
  open_socket();
  if (is_server()) {
    accept_one();
    if (socket_ == nullptr) return 0;
  } else {
    connect();
  }
  std::thread sender([this] {
    if (!is_server()) return send_all();
    while (!stop_requested() && !over_) std::this_thread::sleep_for(5ms);
    if (!over_) usrsctp_shutdown(socket_, SHUT_WR);
  });
  receive_all();
  sender.join();
  usrsctp_close(socket_);
  if (listener_ != nullptr) usrsctp_close(listener_);
  report();
  std::this_thread::sleep_for(std::chrono::seconds(options_.linger_s));
  for (int i = 0; i < 200 && usrsctp_finish() != 0; ++i) std::this_thread::sleep_for(10ms);
  return graceful_ || aborted_ ? 0 : 1;
}

void add_options(CLI::App& app, Options& o) {
  app.add_option("mode", o.mode, "what to do")
      ->required()
      ->check(CLI::IsMember({"server-echo", "server-discard", "client-send", "client-receive"}));
  app.add_option("--local", o.local, "addresses to bind")->required();
  app.add_option("--port", o.port, "own SCTP port");
  app.add_option("--udp-port", o.udp_port, "own UDP encapsulation port");
  app.add_option("--remote", o.remote, "address of the server");
  app.add_option("--remote-port", o.remote_port, "SCTP port of the server");
  app.add_option("--remote-udp-port", o.remote_udp_port,
                 "UDP port of the server, or the default for new addresses");
  app.add_option("--size", o.sizes, "bytes of a message; several are used in turn")
      ->check(CLI::Range(examples::kMinTestMessage, std::size_t{1} << 24));
  app.add_option("--messages", o.messages, "messages to send");
  app.add_option("--streams", o.streams, "outbound streams, used in turn")->check(CLI::Range(1, 65535));
  app.add_flag("--unordered", o.unordered, "send unordered");
  app.add_option("--lifetime", o.lifetime_ms, "milliseconds after which a message is abandoned");
  app.add_option("--max-retransmissions", o.max_retransmissions,
                 "most retransmissions before a message is abandoned");
  app.add_flag("--echo", o.echo, "expect every message back");
  app.add_option("--end", o.end, "how a client ends: shutdown, abort, or wait (for SIGTERM or the peer)")
      ->check(CLI::IsMember({"shutdown", "abort", "wait"}));
  app.add_flag("!--no-asconf", o.dynamic_addresses, "neither ASCONF nor AUTH");
  app.add_flag("--nr-sack", o.nr_sack, "offer NR-SACK");
  app.add_option("--cmt", o.cmt, "1 CMT, 2 RPv1, 3 RPv2, 4 MPTCP-like")->check(CLI::Range(0, 4));
  app.add_option("--buffer-splitting", o.buffer_splitting, "1 send, 2 receive, 3 both")
      ->check(CLI::Range(0, 3));
  app.add_option("--rto-min", o.rto_min_ms, "initial and minimum retransmission timeout, ms");
  app.add_option("--heartbeat", o.heartbeat_ms, "heartbeat interval, ms");
  app.add_option("--buffer", o.buffer, "bytes of the send and receive buffers");
  app.add_option("--add-address", o.add_address,
                 "bind this too once the association is up (literal ASCONF ADD)");
  app.add_option("--delete-address", o.delete_address, "then unbind this (literal ASCONF DEL)");
  app.add_option("--auth-key", o.auth_key, "text of shared key number 1");
  app.add_option("--wait-paths", o.wait_paths, "confirmed peer addresses to wait for before sending");
  app.add_option("--linger", o.linger_s, "seconds to keep answering a peer that missed the end");
  app.add_option("--timeout", o.timeout_s, "seconds after which SIGALRM ends a peer that hangs");
  app.add_flag("--debug", o.debug, "usrsctp's own debug output");
}

int run(int argc, char** argv) {
  CLI::App app{"SCTP peer based on usrsctp, over UDP"};
  Options options;
  add_options(app, options);
  CLI11_PARSE(app, argc, argv);
  if (options.mode == "client-receive") {
    options.messages = 0;
    options.end = "wait";
  }
  examples::catch_stop_signals();
  ::alarm(options.timeout_s);
  return Peer(options).run();
}

}  // namespace
}  // namespace hawser::interop

int main(int argc, char** argv) {
  return hawser::examples::run_program("usrsctp_peer", hawser::interop::run, argc, argv);
}
