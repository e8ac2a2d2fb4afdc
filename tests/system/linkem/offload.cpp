#include "offload.hpp"

#include <linux/ethtool.h>
#include <linux/sockios.h>
#include <net/if.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string_view>
#include <system_error>
#include <vector>

namespace hawser::linkem {
namespace {

/// A socket for ethtool ioctls on one interface. Owns the descriptor.
class EthtoolSocket {
 public:
  explicit EthtoolSocket(const std::string& interface)
      : fd_(::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0)) {
    if (fd_ < 0) throw std::system_error(errno, std::generic_category(), "socket");
    if (interface.size() >= IFNAMSIZ) throw std::system_error(ENODEV, std::generic_category(), interface);
    std::memcpy(request_.ifr_name, interface.data(), interface.size());
  }
  EthtoolSocket(const EthtoolSocket&) = delete;
  EthtoolSocket& operator=(const EthtoolSocket&) = delete;
  ~EthtoolSocket() { ::close(fd_); }

  void call(void* command, const char* what) {
    request_.ifr_data = static_cast<char*>(command);
    if (::ioctl(fd_, SIOCETHTOOL, &request_) < 0) {
      throw std::system_error(errno, std::generic_category(), std::string(what) + " on " + request_.ifr_name);
    }
  }

 private:
  int fd_;
  ifreq request_{};
};

/// An ethtool command ends in a flexible array: `Command` is the fixed part, `extra` the size of the array in
/// bytes. Owns the memory.
template <class Command>
class Variable {
 public:
  explicit Variable(std::size_t extra) : raw_((sizeof(Command) + extra + 7) / 8) {}
  Command* operator->() { return static_cast<Command*>(get()); }
  void* get() { return raw_.data(); }

 private:
  std::vector<std::uint64_t> raw_;
};

std::vector<std::string> feature_names(EthtoolSocket& socket) {
  Variable<ethtool_sset_info> info(sizeof(std::uint32_t));
  info->cmd = ETHTOOL_GSSET_INFO;
  info->sset_mask = 1ULL << ETH_SS_FEATURES;
  socket.call(info.get(), "ETHTOOL_GSSET_INFO");
  const std::uint32_t count = info->sset_mask == 0 ? 0 : info->data[0];

  Variable<ethtool_gstrings> strings(std::size_t{count} * ETH_GSTRING_LEN);
  strings->cmd = ETHTOOL_GSTRINGS;
  strings->string_set = ETH_SS_FEATURES;
  strings->len = count;
  socket.call(strings.get(), "ETHTOOL_GSTRINGS");
  std::vector<std::string> names;
  const auto* text = static_cast<const char*>(static_cast<const void*>(strings->data));
  for (std::uint32_t n = 0; n < count; ++n, text += ETH_GSTRING_LEN) {
    names.emplace_back(text, ::strnlen(text, ETH_GSTRING_LEN));
  }
  return names;
}

bool defers_work_on_packets(std::string_view feature) {
  const auto contains = [&](std::string_view part) { return feature.find(part) != std::string_view::npos; };
  return feature.starts_with("tx-checksum") || feature == "rx-checksum" || contains("segmentation") ||
         contains("gso") || contains("gro") || contains("lro");
}

}  // namespace

void switch_offloads_off(const std::string& interface) {
  EthtoolSocket socket(interface);
  const std::vector<std::string> names = feature_names(socket);
  const std::size_t blocks = (names.size() + 31) / 32;

  Variable<ethtool_sfeatures> change(blocks * sizeof(ethtool_set_features_block));
  change->cmd = ETHTOOL_SFEATURES;
  change->size = static_cast<std::uint32_t>(blocks);
  Variable<ethtool_gfeatures> current(blocks * sizeof(ethtool_get_features_block));
  current->cmd = ETHTOOL_GFEATURES;
  current->size = static_cast<std::uint32_t>(blocks);
  socket.call(current.get(), "ETHTOOL_GFEATURES");

  for (std::size_t n = 0; n < names.size(); ++n) {
    const std::uint32_t bit = 1U << (n % 32);
    const bool changeable = (current->features[n / 32].available & bit) != 0;
    if (changeable && defers_work_on_packets(names[n])) change->features[n / 32].valid |= bit;
  }
  socket.call(change.get(), "ETHTOOL_SFEATURES");
}

}  // namespace hawser::linkem
