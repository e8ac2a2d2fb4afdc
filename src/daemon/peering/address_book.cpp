#include "daemon/peering/address_book.hpp"

#include <spdlog/spdlog.h>

#include <algorithm>
#include <boost/json.hpp>
#include <functional>
#include <utility>

namespace hawser::daemon::peering {
namespace {

namespace json = boost::json;

constexpr int kVersion = 1;

void add(std::vector<IpAddress>& out, const IpAddress& address) {
  if (out.size() < AddressBook::kMaxAddresses && std::ranges::find(out, address) == out.end())
    out.push_back(address);
}

// Alternates the families, beginning with that of the first address (RFC 8305 §4).
std::vector<IpAddress> interleave(const std::vector<IpAddress>& in) {
  std::vector<IpAddress> out;
  std::vector<IpAddress> rest;
  for (const IpAddress& each : in) (each.is_v6() == in.front().is_v6() ? out : rest).push_back(each);
  for (std::size_t i = 0; i < rest.size(); ++i) {
    const auto at = static_cast<std::ptrdiff_t>(std::min(2 * i + 1, out.size()));
    out.insert(out.begin() + at, rest[i]);
  }
  return out;
}

template <class Resolved>
std::vector<IpAddress> addresses_of(const std::vector<Resolved>& resolved) {
  std::vector<IpAddress> out;
  out.reserve(resolved.size());
  for (const Resolved& each : resolved) out.push_back(each.address);
  return out;
}

std::string text_of(std::vector<IpAddress> addresses) {
  std::ranges::sort(addresses);
  std::string out;
  for (const IpAddress& each : addresses) out += (out.empty() ? "" : ", ") + each.to_string();
  return out;
}

std::optional<IpAddress> parse_address(const json::value& value) {
  const json::string* text = value.if_string();
  const auto address = text == nullptr ? std::nullopt : IpAddress::parse(text->c_str());
  return address && address->is_unicast() ? address : std::nullopt;
}

// None: the value is not what names_text() writes.
std::optional<AddressBook::Known> parse_known(const json::value& value) {
  const json::object* object = value.if_object();
  const json::value* resolved = object == nullptr ? nullptr : object->if_contains("resolved");
  const json::value* proven = object == nullptr ? nullptr : object->if_contains("proven");
  if (resolved == nullptr || !resolved->is_array() || proven == nullptr) return std::nullopt;
  AddressBook::Known out;
  for (const json::value& each : resolved->get_array()) {
    const auto address = parse_address(each);
    if (!address) return std::nullopt;
    add(out.resolved, *address);
  }
  out.proven = parse_address(*proven);
  if (!out.proven && !proven->is_null()) return std::nullopt;
  return out;
}

}  // namespace

std::string names_text(const AddressBook::Names& names) {
  json::object all;
  for (const auto& [host, known] : names) {
    json::array resolved;
    for (const IpAddress& each : known.resolved) resolved.emplace_back(each.to_string());
    all[host] = json::object{{"resolved", resolved},
                             {"proven", known.proven ? json::value(known.proven->to_string()) : nullptr}};
  }
  return json::serialize(json::object{{"version", kVersion}, {"names", all}}) + "\n";
}

std::optional<AddressBook::Names> parse_names_text(std::string_view text) {
  boost::system::error_code error;
  const json::value value = json::parse({text.data(), text.size()}, error);
  const json::object* root = error ? nullptr : value.if_object();
  const json::value* version = root == nullptr ? nullptr : root->if_contains("version");
  const json::value* names = root == nullptr ? nullptr : root->if_contains("names");
  if (version == nullptr || *version != json::value(kVersion) || names == nullptr || !names->is_object())
    return std::nullopt;
  AddressBook::Names out;
  for (const auto& [host, each] : names->get_object()) {
    auto known = parse_known(each);
    if (!known) return std::nullopt;
    out.emplace(std::string(host), *std::move(known));
  }
  return out;
}

void AddressBook::load(const std::vector<std::string>& hosts) {
  for (const std::string& host : hosts) entries_[host];
  if (entries_.empty()) return;
  if (const auto text = file_.load()) {
    if (auto names = parse_names_text(*text)) {
      saved_ = *std::move(names);
    } else {
      file_.keep_damaged();
    }
  }
  if (!file_.problem().empty())
    spdlog::warn("{}: the names of the peers have to be resolved first", file_.problem());
  for (const auto& [host, known] : saved_) {
    const auto at = entries_.find(host);
    if (at == entries_.end()) continue;
    for (const IpAddress& each : known.resolved) at->second.resolved.push_back({each, 0});
    at->second.proven = known.proven;
    spdlog::info("last addresses of {}: {}", host, text_of(addresses(host)));
  }
}

// --- questions and answers

std::uint64_t AddressBook::begin_question(Timestamp now, const std::string& host) {
  Entry& entry = entries_[host];
  std::erase_if(entry.failures,
                [&](const auto& each) { return each.second.question + kFailureAge < entry.asked; });
  forget_old(entry);
  log_failure(now, host, entry);
  return ++entry.asked;
}

void AddressBook::log_failure(Timestamp now, const std::string& host, Entry& entry) {
  const std::string text = failure(host);
  if (text.empty()) return;
  if (const auto left_out = entry.log.note(now, text))
    spdlog::warn("cannot resolve {}: {}{}", host, text, fold_text(*left_out));
}

bool AddressBook::handle_answer(Timestamp now, const NameAnswer& answer) {
  Entry& entry = entries_[answer.host];
  if (answer.addresses.empty()) {
    if (answer.question <= entry.answered) return false;  // another source had an answer
    entry.failures[answer.source] = {answer.failure + " (" + answer.source + ")", answer.weight,
                                     answer.question};
    return false;
  }
  entry.answered = std::max(entry.answered, answer.question);
  const bool after_failure = !std::exchange(entry.failures, {}).empty();
  const std::vector<Resolved> before = entry.resolved;
  std::vector<IpAddress> more;
  for (const IpAddress& address : answer.addresses) {
    const auto known = std::ranges::find(entry.resolved, address, &Resolved::address);
    if (known != entry.resolved.end()) {
      known->question = std::max(known->question, answer.question);
    } else if (more.size() < kMaxAddresses) {
      entry.resolved.push_back({address, answer.question});
      more.push_back(address);
    }
  }
  std::ranges::stable_sort(entry.resolved, std::greater{}, &Resolved::question);
  if (entry.resolved.size() > kMaxAddresses) entry.resolved.resize(kMaxAddresses);
  log_addresses(now, answer.host, entry, after_failure ? answer.addresses : more);
  return known(entry).resolved != addresses_of(before);
}

void AddressBook::forget_old(Entry& entry) const {
  std::erase_if(entry.resolved, [&](const Resolved& each) { return each.question + 1 < entry.answered; });
}

void AddressBook::log_addresses(Timestamp now, const std::string& host, Entry& entry,
                                const std::vector<IpAddress>& addresses) {
  if (addresses.empty()) return;
  const std::string text = text_of(addresses);
  if (const auto left_out = entry.log.note(now, text))
    spdlog::info("resolved {}: {}{}", host, text, fold_text(*left_out));
}

void AddressBook::confirm(const std::string& host, const IpAddress& address) {
  const auto at = entries_.find(host);
  if (at == entries_.end()) return;
  Entry& entry = at->second;
  entry.log.clear();
  if (std::ranges::find(entry.resolved, address, &Resolved::address) != entry.resolved.end())
    entry.proven = address;
}

AddressBook::Known AddressBook::known(const Entry& entry) {
  return {addresses_of(entry.resolved), entry.proven};
}

// --- the file

// Does not wait for the disk: what a loss of power takes is resolved again.
void AddressBook::save(Timestamp now, bool last) {
  if (entries_.empty() || (!last && tried_ != Timestamp::min() && now - tried_ < kSaveInterval)) return;
  Names names;
  for (const auto& [host, entry] : entries_) {
    if (known(entry) != Known{}) names.emplace(host, known(entry));
  }
  if (names == saved_ || names.empty()) return;
  tried_ = now;
  const bool good = file_.save(names_text(names), false);
  if (good) saved_ = std::move(names);
  if (!good && !save_failed_)
    spdlog::warn("{}: the next start has to resolve the names of the peers first", file_.problem());
  save_failed_ = !good;
}

// --- getters

std::vector<IpAddress> AddressBook::addresses(const std::string& host) const {
  const auto at = entries_.find(host);
  if (at == entries_.end()) return {};
  std::vector<IpAddress> out = interleave(known(at->second).resolved);
  const auto& proven = at->second.proven;
  if (proven && std::ranges::find(out, *proven) == out.end()) out.push_back(*proven);
  return out;
}

std::string AddressBook::failure(const std::string& host) const {
  const auto at = entries_.find(host);
  if (at == entries_.end() || at->second.failures.empty()) return "";
  const auto weight = [](const auto& each) { return each.second.weight; };
  return std::ranges::max_element(at->second.failures, {}, weight)->second.text;
}

}  // namespace hawser::daemon::peering
