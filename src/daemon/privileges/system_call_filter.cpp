#include "daemon/privileges/system_call_filter.hpp"

#include <sched.h>
#include <seccomp.h>
#include <sys/prctl.h>
#include <sys/socket.h>

#include <cerrno>
#include <cstdint>
#include <memory>

namespace hawser::daemon::privileges {
namespace {

// A list of forbidden calls, not of permitted ones: hook programs are arbitrary programs, and inherit the
// filter. The systemd unit adds the list of permitted calls.
constexpr const char* kForbidden[] = {
    // other processes
    "ptrace",
    "process_vm_readv",
    "process_vm_writev",
    "process_madvise",
    "pidfd_getfd",
    "kcmp",
    "move_pages",
    "migrate_pages",
    // the kernel and its modules
    "init_module",
    "finit_module",
    "delete_module",
    "create_module",
    "kexec_load",
    "kexec_file_load",
    "reboot",
    "bpf",
    "perf_event_open",
    "userfaultfd",
    "io_uring_setup",
    "io_uring_enter",
    "io_uring_register",
    "fanotify_init",
    "lookup_dcookie",
    "syslog",
    "acct",
    "quotactl",
    "quotactl_fd",
    "iopl",
    "ioperm",
    "modify_ldt",
    "vm86",
    "vm86old",
    "uselib",
    "ustat",
    "sysfs",
    "_sysctl",
    "nfsservctl",
    "vhangup",
    "add_key",
    "request_key",
    "keyctl",
    // file systems and namespaces
    "mount",
    "umount",
    "umount2",
    "pivot_root",
    "chroot",
    "move_mount",
    "open_tree",
    "mount_setattr",
    "fsopen",
    "fsconfig",
    "fsmount",
    "fspick",
    "swapon",
    "swapoff",
    "unshare",
    "setns",
    "name_to_handle_at",
    "open_by_handle_at",
    // the machine's clock and name
    "settimeofday",
    "clock_settime",
    "clock_adjtime",
    "adjtimex",
    "stime",
    "sethostname",
    "setdomainname",
};
constexpr std::uint64_t kNamespaceFlags =
    CLONE_NEWNS | CLONE_NEWCGROUP | CLONE_NEWUTS | CLONE_NEWIPC | CLONE_NEWUSER | CLONE_NEWPID | CLONE_NEWNET;

using Filter = std::unique_ptr<void, decltype(&seccomp_release)>;

// Forbids a call whose first argument compares like this. Without the macros of libseccomp, which are C.
int forbid_if(void* filter, unsigned error, int call, scmp_compare compare, std::uint64_t a,
              std::uint64_t b = 0) {
  const scmp_arg_cmp first{.arg = 0, .op = compare, .datum_a = a, .datum_b = b};
  return seccomp_rule_add_array(filter, SCMP_ACT_ERRNO(error), call, 1, &first);
}

// A call that this machine or this libseccomp does not know cannot be made either.
int forbid(void* filter, const char* name) {
  const int call = seccomp_syscall_resolve_name(name);
  if (call == __NR_SCMP_ERROR) return 0;
  const int error = seccomp_rule_add(filter, SCMP_ACT_ERRNO(EPERM), call, 0);
  return error == -EDOM ? 0 : error;
}

// No new namespaces. clone3() has its flags in memory, where a filter cannot read them: it does not exist,
// and the C library uses clone().
int forbid_namespaces(void* filter) {
  for (std::uint64_t flag = 1; flag <= kNamespaceFlags; flag <<= 1U) {
    if ((kNamespaceFlags & flag) == 0) continue;
    const int error = forbid_if(filter, EPERM, SCMP_SYS(clone), SCMP_CMP_MASKED_EQ, flag, flag);
    if (error != 0) return error;
  }
  return seccomp_rule_add(filter, SCMP_ACT_ERRNO(ENOSYS), SCMP_SYS(clone3), 0);
}

// IP, netlink and Unix sockets only: no packet sockets, and none of the families that few programs use and
// that have brought many faults.
int forbid_socket_families(void* filter) {
  for (unsigned family = 0; family <= AF_NETLINK; ++family) {
    if (family == AF_UNIX || family == AF_INET || family == AF_INET6 || family == AF_NETLINK) continue;
    const int error = forbid_if(filter, EAFNOSUPPORT, SCMP_SYS(socket), SCMP_CMP_EQ, family);
    if (error != 0) return error;
  }
  return forbid_if(filter, EAFNOSUPPORT, SCMP_SYS(socket), SCMP_CMP_GT, AF_NETLINK);
}

}  // namespace

int install_system_call_filter() {
  if (::prctl(PR_GET_SECCOMP) < 0) return ENOSYS;
  const Filter filter(seccomp_init(SCMP_ACT_ALLOW), &seccomp_release);
  if (!filter) return ENOMEM;
  for (const char* name : kForbidden) {
    if (const int error = forbid(filter.get(), name); error != 0) return -error;
  }
  if (const int error = forbid_namespaces(filter.get()); error != 0) return -error;
  if (const int error = forbid_socket_families(filter.get()); error != 0) return -error;
  return -seccomp_load(filter.get());
}

}  // namespace hawser::daemon::privileges
