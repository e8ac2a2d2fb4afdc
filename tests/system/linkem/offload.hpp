#pragma once

#include <string>

namespace hawser::linkem {

/// Switches off, on one interface of the current network namespace, every offload that lets packets cross the
/// interface unfinished or above the MTU: checksum offload, segmentation of TCP, UDP and SCTP, GSO, GRO.
/// Offloads that are fixed by the driver or unknown to this kernel stay as they are. Throws
/// std::system_error.
void switch_offloads_off(const std::string& interface);

}  // namespace hawser::linkem
