#pragma once

#include <boost/asio/io_context.hpp>
#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "hawser/base/address.hpp"

namespace hawser::daemon::names {

/// Queries to one name server, over one interface. Each query is sent once and waits kTimeout for its answer,
/// which is enough for slow lines; the user repeats it as it likes. Owns the sockets, which exist only while
/// a query waits. Belongs to the thread of the event loop.
class DnsChannel {
 public:
  /// How long a query waits for its answer.
  static constexpr std::chrono::milliseconds kTimeout{7000};
  /// Queries that may wait at the same time; more are ignored.
  static constexpr std::size_t kMaxPending = 16;

  /// The local port of a socket that is bound to an interface.
  struct Port {
    std::string device;
    IpAddress server;  ///< that is asked
    IpAddress local;   ///< the address of the socket; the wildcard: any
    std::uint16_t number = 0;
  };
  /// A callback: the port is in use from now on (before anything is sent from it), or no longer. For a
  /// routing rule that lets the answers pass the reverse-path filter.
  using OnPort = std::function<void(const Port& port, bool in_use)>;

  /// The server and the way to it.
  struct Options {
    UdpAddress server;
    std::string device{};    ///< the only interface to use; empty: as the routes say
    IpAddress local{};       ///< of the server's family: the address to send from; the wildcard: any
    std::uint32_t mark = 0;  ///< of the packets over `device` (SO_MARK); 0: none
    OnPort on_port{};        ///< may be empty
  };
  /// One query.
  struct Query {
    std::uint64_t question = 0;  ///< the user's number
    std::string name;
    bool v6 = false;   ///< AAAA in place of A
    std::string host;  ///< the user's name for it
  };
  /// Why a query has no addresses.
  enum class Status : std::uint8_t {
    good,
    no_such_name,
    no_address,      ///< the name exists, but has no address of this family
    server_failure,  ///< SERVFAIL
    refused,         ///< REFUSED
    bad_answer,      ///< any other error of the server
    timeout,
    unreachable,  ///< the query or its answer could not be transported
  };
  /// The result of one query.
  struct Result {
    Query query;
    Status status = Status::unreachable;
    std::vector<IpAddress> addresses;
  };
  /// A callback, as c-ares gives its results to one. Must not destroy the channel.
  using Done = std::function<void(Result)>;

  /// `context` is the event loop; it outlives the channel.
  DnsChannel(boost::asio::io_context& context, Options options, Done done);
  ~DnsChannel();
  DnsChannel(const DnsChannel&) = delete;
  DnsChannel& operator=(const DnsChannel&) = delete;

  /// Sends a query. Calls `done` once for it, perhaps before this function returns.
  void ask(Query query);
  /// Whether a query waits for its answer.
  [[nodiscard]] bool is_busy() const;
  [[nodiscard]] const Options& options() const;

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

/// "server failure"; empty for good.
[[nodiscard]] std::string to_string(DnsChannel::Status status);

}  // namespace hawser::daemon::names
