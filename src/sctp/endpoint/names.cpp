#include <array>

#include "hawser/sctp/drop_reason.hpp"
#include "hawser/sctp/status.hpp"

namespace hawser::sctp {

std::string_view to_string(DropReason reason) {
  static constexpr std::array<std::string_view, kDropReasons> kNames = {"truncated_packet",
                                                                        "bad_checksum",
                                                                        "bad_port",
                                                                        "bad_source_address",
                                                                        "bad_verification_tag",
                                                                        "out_of_the_blue",
                                                                        "malformed_chunk",
                                                                        "illegal_bundling",
                                                                        "unknown_chunk",
                                                                        "unexpected_chunk",
                                                                        "malformed_init",
                                                                        "not_listening",
                                                                        "too_many_associations",
                                                                        "forged_cookie",
                                                                        "stale_cookie",
                                                                        "restart_refused",
                                                                        "duplicate_handshake",
                                                                        "unauthenticated_chunk",
                                                                        "bad_auth",
                                                                        "duplicate_tsn",
                                                                        "tsn_out_of_window",
                                                                        "receive_window_full",
                                                                        "invalid_stream",
                                                                        "empty_data",
                                                                        "inconsistent_fragment",
                                                                        "stale_sack",
                                                                        "invalid_sack",
                                                                        "bad_heartbeat_ack",
                                                                        "unknown_source",
                                                                        "asconf_out_of_sequence",
                                                                        "too_many_paths",
                                                                        "no_access",
                                                                        "bad_handshake_mac",
                                                                        "handshake_rate_limited",
                                                                        "handshake_prefix_limited",
                                                                        "handshake_budget_spent",
                                                                        "handshake_evicted",
                                                                        "handshake_failed",
                                                                        "rekey_too_soon",
                                                                        "unprotected_chunk",
                                                                        "malformed_record",
                                                                        "unknown_epoch",
                                                                        "replayed_record",
                                                                        "bad_record",
                                                                        "excess_chunk",
                                                                        "control_overflow",
                                                                        "event_overflow",
                                                                        "internal_failure",
                                                                        "amplification_limit"};
  return kNames[static_cast<std::size_t>(reason)];
}

std::string_view to_string(AssociationState state) {
  static constexpr std::array<std::string_view, 7> kNames = {
      "cookie_wait",   "cookie_echoed",     "established",      "shutdown_pending",
      "shutdown_sent", "shutdown_received", "shutdown_ack_sent"};
  return kNames[static_cast<std::size_t>(state)];
}

std::string_view to_string(EcnState state) {
  switch (state) {
    case EcnState::off: return "off";
    case EcnState::testing: return "testing";
    case EcnState::capable: return "capable";
    case EcnState::lost: return "lost";
    case EcnState::cleared: return "cleared";
    case EcnState::mangled: break;
  }
  return "mangled";
}

std::string_view to_string(PathState state) {
  static constexpr std::array<std::string_view, 5> kNames = {"joining", "unconfirmed", "active",
                                                             "potentially_failed", "inactive"};
  return kNames[static_cast<std::size_t>(state)];
}

std::string_view to_string(PathRole role) {
  static constexpr std::array<std::string_view, kPathRoles> kNames = {"always", "secondary", "backup",
                                                                      "never"};
  return kNames[static_cast<std::size_t>(role)];
}

std::string_view to_string(Scheduling scheduling) {
  constexpr std::array<std::string_view, kSchedulings> kNames = {"earliest", "weighted", "redundant",
                                                                 "redundant-all"};
  return kNames[static_cast<std::size_t>(scheduling)];
}

std::string_view to_string(CongestionControl control) {
  static constexpr std::array<std::string_view, kCongestionControls> kNames = {"bbr", "cubic", "newreno",
                                                                               "coupled"};
  return kNames[static_cast<std::size_t>(control)];
}

std::string_view to_string(PathIdleReason reason) {
  static constexpr std::array<std::string_view, 14> kNames = {
      "none",   "joining",   "unproven", "failed",      "given_up",          "moving", "never",
      "backup", "secondary", "idle",     "peer_window", "congestion_window", "capped", "pacing"};
  return kNames[static_cast<std::size_t>(reason)];
}

}  // namespace hawser::sctp
