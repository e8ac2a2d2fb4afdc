#include "daemon/privileges/capabilities.hpp"

#include <linux/capability.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <system_error>

namespace hawser::daemon::privileges {
namespace {

constexpr unsigned kMaxCapabilities = 64;

[[noreturn]] void fail(const std::string& what) {
  throw std::system_error(errno, std::generic_category(), what);
}

// The version of capget(2) and capset(2) in which a set has 64 bits, in two halves. libcap would be a library
// for these two functions.
using Halves = std::array<__user_cap_data_struct, 2>;
__user_cap_header_struct header() {
  return {_LINUX_CAPABILITY_VERSION_3, 0};
}

std::string name_of(unsigned number) {
  switch (number) {
    case CAP_NET_BIND_SERVICE: return "cap_net_bind_service";
    case CAP_NET_ADMIN: return "cap_net_admin";
    case CAP_NET_RAW: return "cap_net_raw";
    default: return std::to_string(number);
  }
}

}  // namespace

std::string to_string(CapabilitySet set) {
  std::string out;
  for (unsigned each = 0; each < kMaxCapabilities; ++each) {
    if ((set & capability(each)) != 0) out += (out.empty() ? "" : " ") + name_of(each);
  }
  return out.empty() ? "none" : out;
}

CapabilitySet permitted_capabilities() {
  Halves halves{};
  auto version = header();
  if (::syscall(SYS_capget, &version, halves.data()) != 0) fail("cannot read the capabilities");
  return halves[0].permitted | CapabilitySet{halves[1].permitted} << 32U;
}

void limit_capabilities(CapabilitySet keep) {
  if ((permitted_capabilities() & capability(CAP_SETPCAP)) == 0) return;
  for (unsigned each = 0; ::prctl(PR_CAPBSET_READ, each) >= 0; ++each) {
    if ((keep & capability(each)) == 0 && ::prctl(PR_CAPBSET_DROP, each) != 0)
      fail("cannot give up capability " + std::to_string(each));
  }
}

void keep_capabilities(CapabilitySet keep) {
  Halves halves{};
  for (std::size_t i = 0; i < halves.size(); ++i) {
    const auto half = static_cast<std::uint32_t>(keep >> (32 * i));
    halves[i] = {.effective = half, .permitted = half, .inheritable = half};
  }
  auto version = header();
  if (::syscall(SYS_capset, &version, halves.data()) != 0) fail("cannot give up capabilities");
}

void pass_on_capabilities(CapabilitySet set) {
  if (::prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0) != 0)
    fail("cannot withdraw capabilities from programs");
  for (unsigned each = 0; each < kMaxCapabilities; ++each) {
    if ((set & capability(each)) != 0 && ::prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, each, 0, 0) != 0)
      fail("cannot pass on capability " + std::to_string(each));
  }
}

}  // namespace hawser::daemon::privileges
