#include "trace/text_log.hpp"

#include <chrono>
#include <utility>

namespace hawser::trace {

TextLog::TextLog(File file, Timestamp origin) : file_(std::move(file)), origin_(origin) {}

void TextLog::write(Timestamp now, std::string_view endpoint, const sctp::ObservedPacket& packet) {
  view_.parse(packet.header, packet.chunks);
  const bool sent = packet.direction == sctp::PacketDirection::sent;
  std::fprintf(file_.get(), "%12.6f %.*s/%u %s %c %s %s %u>%u %s\n",
               std::chrono::duration<double>(now - origin_).count(), static_cast<int>(endpoint.size()),
               endpoint.data(), packet.route.socket.value(), packet.route.local.to_string().c_str(),
               sent ? '>' : '<', packet.route.remote.to_string().c_str(), packet.sealed ? "sealed" : "plain",
               view_.source_port, view_.destination_port, describe(view_).c_str());
  std::fflush(file_.get());
}

}  // namespace hawser::trace
