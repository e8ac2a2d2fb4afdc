#include "daemon/uplinks/policies.hpp"

#include <spdlog/spdlog.h>

#include <algorithm>
#include <optional>

#include "daemon/config/units.hpp"

namespace hawser::daemon::uplinks {
namespace {

constexpr std::string_view kSettings = R"("role", "max_upload", "max_download" or "congestion")";

control::ParseError refusal(std::string_view what, std::string_view seen, std::string_view allowed) {
  return {fmt::format("{}: saw \"{}\"; allowed: {}", what, seen, allowed)};
}

// Changes `policy`. False: the setting cannot have this value.
bool change(PathPolicy& policy, std::string_view setting, std::string_view value) {
  if (setting == "role") {
    const auto role = config::parse_role(value);
    if (role) policy.role = *role;
    return role.has_value();
  }
  if (setting == "congestion") {
    const auto control = config::parse_congestion(value);
    if (control) policy.congestion = *control;
    return control.has_value();
  }
  const auto rate = value == "none" ? std::optional<std::uint64_t>(0) : config::parse_rate(value);
  if (rate) (setting == "max_upload" ? policy.caps.upload_bps : policy.caps.download_bps) = *rate;
  return rate.has_value();
}

std::string value_of(const PathPolicy& policy, std::string_view setting) {
  if (setting == "role") return std::string(to_string(policy.role));
  if (setting == "congestion") return std::string(to_string(policy.congestion));
  return config::rate_text(setting == "max_upload" ? policy.caps.upload_bps : policy.caps.download_bps);
}

bool known(std::string_view setting) {
  return setting == "role" || setting == "max_upload" || setting == "max_download" || setting == "congestion";
}

std::string allowed_values(std::string_view setting) {
  if (setting == "role") return std::string(config::kRoles);
  if (setting == "congestion") return std::string(config::kCongestionControls);
  return std::string(config::kRates) + R"(, or "none")";
}

}  // namespace

void PathPolicies::handle_event(const sctp::Event& event) {
  using Kind = sctp::Event::Kind;
  if (event.kind == Kind::connected || event.kind == Kind::path_added || event.kind == Kind::path_up)
    apply(event.association);
}

void PathPolicies::apply(sctp::AssociationId association) {
  const auto status = endpoint_.status(association);
  if (!status) return;
  for (const sctp::PathStatus& path : status->paths) {
    const auto uplink = uplinks_.uplink_of(path.route.socket);
    if (!uplink) continue;  // a listening socket: the edge decides what its paths carry
    const PathPolicy policy = of(uplinks_.at(*uplink).config);
    endpoint_.set_path_role(association, path.id, policy.role);
    endpoint_.set_path_caps(association, path.id, policy.caps);
    endpoint_.set_path_congestion(association, path.id, policy.congestion);
    endpoint_.set_path_weight(association, path.id, policy.weight);
  }
}

void PathPolicies::apply_to_all() {
  for (const sctp::AssociationId association : tunnel_.associations()) apply(association);
}

Result<control::PathChange, control::ParseError> PathPolicies::set(const control::PathSetting& setting) {
  const config::UplinkConfig* uplink = nullptr;
  for (std::size_t i = 0; i < uplinks_.count(); ++i) {
    const Uplinks::Uplink& each = uplinks_.at(i);
    if (!each.vacant() && each.config.label == setting.label) uplink = &each.config;
  }
  if (uplink == nullptr) return refusal("label", setting.label, labels());
  if (!known(setting.setting)) return refusal("setting", setting.setting, kSettings);
  PathPolicy policy = configured(*uplink);
  const std::string before = value_of(policy, setting.setting);
  if (!change(policy, setting.setting, setting.value))
    return refusal(setting.setting, setting.value, allowed_values(setting.setting));
  const std::string after = value_of(policy, setting.setting);
  changed_[setting.label] = policy;
  apply_to_all();
  spdlog::info("uplink {}: {} changed from {} to {}", setting.label, setting.setting, before, after);
  return control::PathChange{setting.label, setting.setting, before, after, is_over_quota(setting.label)};
}

void PathPolicies::set_over_quota(const std::string& label, const sctp::PathRole* role) {
  if (role == nullptr) {
    over_quota_.erase(label);
  } else {
    over_quota_[label] = *role;
  }
  apply_to_all();
}

PathPolicy PathPolicies::configured(const config::UplinkConfig& uplink) const {
  const auto at = changed_.find(uplink.label);
  if (at != changed_.end()) return at->second;
  return {uplink.role, uplink.caps, uplink.congestion.value_or(congestion_), uplink.weight};
}

PathPolicy PathPolicies::of(const config::UplinkConfig& uplink) const {
  PathPolicy policy = configured(uplink);
  const auto at = over_quota_.find(uplink.label);
  if (at != over_quota_.end()) policy.role = std::max(policy.role, at->second);
  return policy;
}

std::string PathPolicies::labels() const {
  std::string out;
  for (std::size_t i = 0; i < uplinks_.count(); ++i) {
    if (!uplinks_.at(i).vacant()) out.append(out.empty() ? "" : ", ").append(uplinks_.at(i).config.label);
  }
  return out.empty() ? "none, as there is no uplink" : out;
}

}  // namespace hawser::daemon::uplinks
