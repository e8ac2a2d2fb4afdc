#pragma once

#include <string>

namespace hawser::linkem {

/// Switches off, on one interface of the current network namespace, every offload that lets anything but
/// finished packets of at most the MTU cross it: checksums left for later, TCP, UDP and SCTP segmentation,
/// GSO, GRO. Offloads that the driver has nailed on or that this kernel does not know are left alone. Throws
/// std::system_error.
void switch_offloads_off(const std::string& interface);

}  // namespace hawser::linkem
