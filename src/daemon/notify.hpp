#pragma once

#include <string_view>

namespace hawser::daemon {

/// Sends a state such as "READY=1" to the service manager (sd_notify(3)) if $NOTIFY_SOCKET names its socket.
/// Ignores errors.
void notify_service_manager(std::string_view state);

}  // namespace hawser::daemon
