#pragma once

#include <string_view>

namespace hawser::daemon {

/// Tells the service manager (sd_notify(3)), when one asked for it by $NOTIFY_SOCKET; silent otherwise.
void notify_service_manager(std::string_view state);

}  // namespace hawser::daemon
