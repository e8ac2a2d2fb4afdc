#pragma once

#include <sys/socket.h>

namespace hawser::io::udp {

/// Sets a socket option whose value is an int. False: the kernel rejected it; errno holds the reason.
inline bool set_option(int fd, int level, int name, int value) {
  return ::setsockopt(fd, level, name, &value, sizeof value) == 0;
}

}  // namespace hawser::io::udp
