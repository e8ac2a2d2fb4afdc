#pragma once

namespace hawser::daemon::privileges {

/// Forbids this process, the threads that it starts and its hook programs, for ever, the system calls that
/// neither needs and that make faults of the kernel reachable: the table in system_call_filter.cpp. A
/// forbidden call fails. Returns 0 or an errno (ENOSYS: the kernel has no such filters); call it before any
/// other thread exists.
[[nodiscard]] int install_system_call_filter();

}  // namespace hawser::daemon::privileges
