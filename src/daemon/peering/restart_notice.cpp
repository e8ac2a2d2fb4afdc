#include "daemon/peering/restart_notice.hpp"

#include <spdlog/spdlog.h>

#include <algorithm>
#include <boost/json.hpp>

namespace hawser::daemon::peering {
namespace {

namespace json = boost::json;

constexpr int kVersion = 1;

std::optional<std::string> text_of(const json::object& object, std::string_view key) {
  const json::value* value = object.if_contains({key.data(), key.size()});
  const json::string* text = value == nullptr ? nullptr : value->if_string();
  return text == nullptr ? std::nullopt : std::optional<std::string>(text->c_str());
}

std::optional<PeerLocation> parse_location(const json::value& value) {
  const json::object* object = value.if_object();
  if (object == nullptr) return std::nullopt;
  const auto listening = UdpAddress::parse(text_of(*object, "listening").value_or(""));
  const auto local = IpAddress::parse(text_of(*object, "local").value_or(""));
  const auto remote = UdpAddress::parse(text_of(*object, "remote").value_or(""));
  if (!listening || !local || !remote) return std::nullopt;
  return PeerLocation{*listening, *local, *remote};
}

}  // namespace

std::string locations_text(const std::vector<PeerLocation>& locations) {
  json::array array;
  for (const PeerLocation& location : locations) {
    array.push_back(json::object{{"listening", location.listening.to_string()},
                                 {"local", location.local.to_string()},
                                 {"remote", location.remote.to_string()}});
  }
  return json::serialize(json::object{{"version", kVersion}, {"places", array}}) + "\n";
}

std::optional<std::vector<PeerLocation>> parse_locations_text(std::string_view text) {
  boost::system::error_code error;
  const json::value value = json::parse({text.data(), text.size()}, error);
  const json::object* root = error ? nullptr : value.if_object();
  const json::value* version = root == nullptr ? nullptr : root->if_contains("version");
  const json::value* locations = root == nullptr ? nullptr : root->if_contains("places");
  if (version == nullptr || *version != json::value(kVersion) || locations == nullptr ||
      !locations->is_array())
    return std::nullopt;
  std::vector<PeerLocation> out;
  for (const json::value& each : locations->get_array()) {
    const auto location = parse_location(each);
    if (!location) return std::nullopt;
    out.push_back(*location);
  }
  return out;
}

void RestartNotice::load() {
  if (const auto text = file_.load()) {
    if (auto locations = parse_locations_text(*text)) {
      previous_ = std::move(*locations);
      saved_ = previous_;
      std::ranges::sort(saved_);
    } else {
      file_.keep_damaged();
    }
  }
  if (!file_.problem().empty())
    spdlog::warn("{}: no restart notices, idle peers will notice the restart with their next heartbeat",
                 file_.problem());
}

std::vector<PeerLocation> RestartNotice::poll_locations() {
  if (++rounds_sent_ < kRepetitions) return previous_;
  return std::exchange(previous_, {});
}

// Without any peer, the file stays as it is: the hub may crash again before its peers are back.
bool RestartNotice::note(Timestamp now, std::vector<PeerLocation> locations) {
  std::ranges::sort(locations);
  if (locations.empty() || locations == saved_) return true;
  return saves_.take(now, kSaves) && save(std::move(locations));
}

void RestartNotice::clear() {
  save({});
}

// Does not wait for the disk, as the hub carries traffic: after a loss of power, idle peers notice the
// restart with their next heartbeat, within a minute. What could not be written is written when it is due
// again.
bool RestartNotice::save(std::vector<PeerLocation> locations) {
  const bool good = file_.save(locations_text(locations), false);
  if (good) saved_ = std::move(locations);
  if (!good && !save_failed_)
    spdlog::warn("{}: after a crash, idle peers will notice the restart with their next heartbeat",
                 file_.problem());
  save_failed_ = !good;
  return good;
}

}  // namespace hawser::daemon::peering
