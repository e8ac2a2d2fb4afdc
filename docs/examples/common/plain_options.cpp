#include "examples/common/plain_options.hpp"

#include <CLI/CLI.hpp>
#include <charconv>
#include <chrono>
#include <string_view>

namespace hawser::examples {
namespace {

template <class T>
T parse_number(std::string_view text, int base, const std::string& whole) {
  T value{};
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value, base);
  if (error != std::errc{} || end != text.data() + text.size()) {
    throw CLI::ValidationError("--auth-key", "expected ID:HEX, got '" + whole + "'");
  }
  return value;
}

sctp::AuthKey parse_auth_key(const std::string& text) {
  const std::string_view view = text;
  const std::size_t colon = std::min(view.find(':'), view.size());
  sctp::AuthKey key;
  key.id = parse_number<std::uint16_t>(view.substr(0, colon), 10, text);
  for (std::size_t at = colon + 1; at < view.size(); at += 2) {
    key.secret.push_back(std::byte{parse_number<std::uint8_t>(view.substr(at, 2), 16, text)});
  }
  return key;
}

}  // namespace

void EngineOptions::add_to(CLI::App& app) {
  app.add_option("--port", port_, "own SCTP port")->check(CLI::Range(1, 65535));
  app.add_option("--streams", streams_, "streams in each direction")->check(CLI::Range(1, 65535));
  app.add_option("--rto-min", rto_min_ms_, "minimum retransmission timeout, ms");
  app.add_option("--buffer", buffer_, "bytes of the send buffer and of the receive window");
  app.add_option("--auth-key", auth_keys_, "shared key for AUTH as ID:HEX; the last one is the active key");
  app.add_flag("!--no-nr-sack", nr_sack_, "do not offer NR-SACK");
  app.add_flag("!--no-asconf", dynamic_addresses_, "offer neither ASCONF nor AUTH");
  app.add_flag("!--no-multipath", multipath_, "send on the primary path only");
}

sctp::EndpointConfig EngineOptions::config() const {
  sctp::EndpointConfig config;
  config.port = port_;
  config.outbound_streams = streams_;
  config.inbound_streams = streams_;
  config.rto_min = std::chrono::milliseconds(rto_min_ms_);
  config.receive_window = static_cast<std::uint32_t>(buffer_);
  config.send_buffer = buffer_;
  config.nr_sack = nr_sack_;
  config.dynamic_addresses = dynamic_addresses_;
  config.multipath = multipath_;
  for (const std::string& text : auth_keys_) {
    config.auth_keys.push_back(parse_auth_key(text));
    config.auth_key_id = config.auth_keys.back().id;
  }
  return config;
}

IpAddress parse_ip(const std::string& text) {
  if (const auto ip = IpAddress::parse(text)) return *ip;
  throw CLI::ValidationError("expected an IP address, got '" + text + "'");
}

}  // namespace hawser::examples
