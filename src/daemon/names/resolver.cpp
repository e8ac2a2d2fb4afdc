#include "daemon/names/resolver.hpp"

#include <boost/asio/post.hpp>
#include <utility>

namespace hawser::daemon::names {
namespace {

using Weight = NameAnswer::Weight;

// The names to ask for. A name without a dot is completed by the search domains.
std::vector<std::string> complete(const std::string& host, const std::vector<std::string>& search) {
  if (host.find('.') != std::string::npos || search.empty()) return {host};
  std::vector<std::string> out;
  out.reserve(search.size());
  for (const std::string& domain : search) out.emplace_back(host).append(".").append(domain);
  return out;
}

Weight weight_of(DnsChannel::Status status) {
  using Status = DnsChannel::Status;
  switch (status) {
    case Status::unreachable: return Weight::unreachable;
    case Status::timeout:
    case Status::no_address: return Weight::silent;
    default: return Weight::definite;
  }
}

bool is_same_way(const DnsChannel::Options& a, const DnsChannel::Options& b) {
  return a.server == b.server && a.device == b.device && a.local == b.local;
}

}  // namespace

Resolver::Resolver(boost::asio::io_context& context, OnAnswer on_answer, Options options)
    : context_(context),
      on_answer_(std::move(on_answer)),
      options_(std::move(options)),
      system_(context, [this](const NameAnswer& answer) { on_answer_(answer); }) {}

Resolver::~Resolver() = default;

void Resolver::resolve(const NameQuestion& question) {
  std::erase_if(channels_, [](const auto& each) { return !each->is_busy(); });
  system_.ask(question.number, question.host);
  const NameServerList known = load_name_servers(options_.files);
  const auto names = complete(question.host, known.search);
  for (const NameServer& server : known.servers) ask(question, names, server);
  if (!known.servers.empty()) return;
  post({.question = question.number,
        .host = question.host,
        .source = options_.files.front(),
        .failure = "no name server",
        .weight = Weight::silent});
}

// Servers of this machine are reached without an interface.
void Resolver::ask(const NameQuestion& question, const std::vector<std::string>& names,
                   const NameServer& server) {
  std::vector<NameInterface> ways = question.interfaces;
  if (server.address.ip.is_loopback()) ways.assign(1, NameInterface{});
  for (const NameInterface& way : ways) {
    if (!server.device.empty() && server.device != way.device) continue;
    DnsChannel& queries = channel({.server = server.address,
                                   .device = way.device,
                                   .local = server.address.ip.is_v6() ? way.v6 : way.v4,
                                   .mark = options_.mark,
                                   .on_port = options_.on_port});
    for (const std::string& name : names) {
      for (const bool v6 : {false, true}) queries.ask({question.number, name, v6, question.host});
    }
  }
}

DnsChannel& Resolver::channel(const DnsChannel::Options& options) {
  for (const auto& each : channels_) {
    if (is_same_way(each->options(), options)) return *each;
  }
  const auto done = [this, options](DnsChannel::Result result) { on_result(options, std::move(result)); };
  return *channels_.emplace_back(std::make_unique<DnsChannel>(context_, options, done));
}

void Resolver::on_result(const DnsChannel::Options& options, DnsChannel::Result result) {
  NameAnswer answer{.question = result.query.question, .host = std::move(result.query.host)};
  answer.addresses = std::move(result.addresses);
  answer.source = options.server.ip.to_string();
  if (!options.device.empty()) answer.source += " over " + options.device;
  answer.failure = to_string(result.status);
  answer.weight = weight_of(result.status);
  post(std::move(answer));
}

// Later, as a channel must not be used or destroyed while it gives a result.
void Resolver::post(NameAnswer answer) {
  boost::asio::post(context_, [this, alive = std::weak_ptr(alive_), answer = std::move(answer)] {
    if (!alive.expired()) on_answer_(answer);
  });
}

}  // namespace hawser::daemon::names
