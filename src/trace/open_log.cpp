#include "trace/open_log.hpp"

#include <cerrno>
#include <system_error>
#include <utility>

#include "trace/pcap_log.hpp"
#include "trace/text_log.hpp"

namespace hawser::trace {

std::unique_ptr<PacketLog> open_log(const std::string& path, Timestamp origin) {
  File file(std::fopen(path.c_str(), "wbe"));
  if (file == nullptr) throw std::system_error(errno, std::generic_category(), path);
  if (path.ends_with(".pcap")) return std::make_unique<PcapLog>(std::move(file), origin);
  return std::make_unique<TextLog>(std::move(file), origin);
}

}  // namespace hawser::trace
