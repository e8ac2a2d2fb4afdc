#pragma once

#include <boost/asio/io_context.hpp>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "daemon/name_lookup.hpp"
#include "daemon/names/dns_channel.hpp"
#include "daemon/names/name_servers.hpp"
#include "daemon/names/system_lookup.hpp"

namespace hawser::daemon::names {

/// Resolves host names without blocking the event loop and without depending on the tunnel: every name server
/// of the host is asked over every interface of the question, by sockets that are bound to that interface,
/// whatever routes lead into the tunnel. At the same time the C library is asked. The servers are read again
/// for every question. Answers arrive in the event loop one by one, and none after the resolver is destroyed.
class Resolver {
 public:
  /// A callback, as answers come later; never called during resolve().
  using OnAnswer = std::function<void(const NameAnswer& answer)>;

  /// How names are asked.
  struct Options {
    std::vector<std::string> files = kResolvConfs;  ///< see load_name_servers()
    std::uint32_t mark = 0;                         ///< of the packets over uplinks (SO_MARK); 0: none
    DnsChannel::OnPort on_port{};                   ///< see DnsChannel
  };

  /// `context` is the event loop; it outlives the resolver.
  Resolver(boost::asio::io_context& context, OnAnswer on_answer, Options options);
  ~Resolver();
  Resolver(const Resolver&) = delete;
  Resolver& operator=(const Resolver&) = delete;

  /// Asks all sources. The same question may be asked again while the first one is open, as the queries are
  /// not repeated otherwise.
  void resolve(const NameQuestion& question);

 private:
  void ask(const NameQuestion& question, const std::vector<std::string>& names, const NameServer& server);
  DnsChannel& channel(const DnsChannel::Options& options);
  void on_result(const DnsChannel::Options& options, DnsChannel::Result result);
  void post(NameAnswer answer);

  boost::asio::io_context& context_;
  OnAnswer on_answer_;
  Options options_;
  // Shared only for weak references: an answer may be queued when the resolver is destroyed.
  std::shared_ptr<const bool> alive_ = std::make_shared<const bool>(true);
  SystemLookup system_;
  std::vector<std::unique_ptr<DnsChannel>> channels_;
};

}  // namespace hawser::daemon::names
