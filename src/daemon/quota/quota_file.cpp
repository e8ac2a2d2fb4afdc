#include "daemon/quota/quota_file.hpp"

#include <boost/json.hpp>

namespace hawser::daemon::quota {
namespace {

namespace json = boost::json;

constexpr int kVersion = 1;

json::value month_value(const std::optional<Quota::Month>& month) {
  if (!month) return nullptr;
  return json::object{{"begin", month->begin.time_since_epoch().count()}, {"used", month->used}};
}

// False: there is no such number, or it is negative.
template <class T>
bool read_number(const json::object& object, std::string_view key, T& out) {
  const json::value* value = object.if_contains({key.data(), key.size()});
  if (value == nullptr || value->is_double()) return false;
  boost::system::error_code error;
  out = value->to_number<T>(error);
  return !error && out >= 0;
}

// False: the value is neither null nor a month. Null leaves `out` empty.
bool read_month(const json::object& object, std::string_view key, std::optional<Quota::Month>& out) {
  const json::value* value = object.if_contains({key.data(), key.size()});
  if (value == nullptr) return false;
  if (value->is_null()) return true;
  std::int64_t begin = 0;
  const auto* month = value->if_object();
  if (month == nullptr || !read_number(*month, "begin", begin) ||
      !read_number(*month, "used", out.emplace().used))
    return false;
  constexpr std::int64_t kFarFuture = 253'402'300'800;  // the year 10000
  out->begin = WallTime(std::chrono::seconds(begin));
  return out->begin >= kClockIsSet - std::chrono::days(31) && begin < kFarFuture;
}

}  // namespace

std::string quota_text(const QuotaFile::States& states) {
  json::object uplinks;
  for (const auto& [label, state] : states) {
    uplinks[label] = json::object{{"current", month_value(state.current)},
                                  {"previous", month_value(state.previous)},
                                  {"undated", state.undated}};
  }
  return json::serialize(json::object{{"version", kVersion}, {"uplinks", uplinks}}) + "\n";
}

std::optional<QuotaFile::States> parse_quota_text(std::string_view text) {
  boost::system::error_code error;
  const json::value value = json::parse({text.data(), text.size()}, error);
  const auto* root = error ? nullptr : value.if_object();
  int version = 0;
  if (root == nullptr || !read_number(*root, "version", version) || version != kVersion) return std::nullopt;
  const json::value* uplinks = root->if_contains("uplinks");
  if (uplinks == nullptr || !uplinks->is_object()) return std::nullopt;
  QuotaFile::States out;
  for (const auto& [label, each] : uplinks->get_object()) {
    Quota::State& state = out[std::string(label)];
    const auto* object = each.if_object();
    if (object == nullptr || !read_month(*object, "current", state.current) ||
        !read_month(*object, "previous", state.previous) || !read_number(*object, "undated", state.undated))
      return std::nullopt;
  }
  return out;
}

QuotaFile::States QuotaFile::load() {
  const auto text = file_.load();
  if (!text) return {};
  if (auto states = parse_quota_text(*text)) return *std::move(states);
  file_.keep_damaged();
  return {};
}

bool QuotaFile::save(const States& states) {
  return file_.save(quota_text(states), true);
}

}  // namespace hawser::daemon::quota
