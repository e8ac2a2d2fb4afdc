#pragma once

#include <algorithm>
#include <boost/describe/members.hpp>
#include <boost/json.hpp>
#include <boost/mp11/algorithm.hpp>
#include <cmath>
#include <map>
#include <optional>
#include <string>
#include <type_traits>
#include <vector>

/// Converts message structs to and from JSON by the members that HAWSER_DESCRIBED lists in each struct.
namespace hawser::control {

/// The listed members of T.
template <class T>
using Members = boost::describe::describe_members<T, boost::describe::mod_public>;

/// A JSON string.
inline boost::json::value to_json(const std::string& v) {
  return boost::json::value(v);
}
/// A JSON boolean.
inline boost::json::value to_json(bool v) {
  return boost::json::value(v);
}
/// A JSON number, rounded to three decimals and capped at 2^51 thousandths, which suffice for people and
/// graphs. Boost.JSON reads every such number back as the same one, and changes others in their last digits.
inline boost::json::value to_json(double v) {
  constexpr double kMost = 0x1p51;
  return boost::json::value(std::clamp(std::round(v * 1000.0), -kMost, kMost) / 1000.0);
}
/// A JSON number.
inline boost::json::value to_json(std::uint32_t v) {
  return boost::json::value(v);
}
/// A JSON number.
inline boost::json::value to_json(std::uint64_t v) {
  return boost::json::value(v);
}

/// A message struct as a JSON object.
template <class T>
requires boost::describe::has_describe_members<T>::value boost::json::value to_json(const T& v);

/// The value, or null.
template <class T>
boost::json::value to_json(const std::optional<T>& v) {
  return v ? to_json(*v) : boost::json::value(nullptr);
}

/// A JSON array.
template <class T>
boost::json::value to_json(const std::vector<T>& v) {
  boost::json::array out;
  out.reserve(v.size());
  for (const T& element : v) out.push_back(to_json(element));
  return out;
}

/// A JSON object with the keys of the map.
template <class T>
boost::json::value to_json(const std::map<std::string, T>& v) {
  boost::json::object out;
  for (const auto& [key, element] : v) out[key] = to_json(element);
  return out;
}

template <class T>
requires boost::describe::has_describe_members<T>::value boost::json::value to_json(const T& v) {
  boost::json::object out;
  boost::mp11::mp_for_each<Members<T>>([&](auto member) { out[member.name] = to_json(v.*member.pointer); });
  return out;
}

// Each from_json() returns false when the JSON value has another type or range; `out` may then be partly
// filled.

/// Reads a JSON string.
inline bool from_json(const boost::json::value& in, std::string& out) {
  const auto* text = in.if_string();
  if (text != nullptr) out.assign(text->data(), text->size());
  return text != nullptr;
}
/// Reads a JSON boolean.
inline bool from_json(const boost::json::value& in, bool& out) {
  const bool* flag = in.if_bool();
  if (flag != nullptr) out = *flag;
  return flag != nullptr;
}

/// Reads a JSON number that T can represent. Boost.JSON makes infinity or NaN of some numbers with very large
/// exponents.
template <class T>
requires(std::is_arithmetic_v<T> && !std::is_same_v<T, bool>) bool from_json(const boost::json::value& in,
                                                                             T& out) {
  boost::system::error_code error;
  out = in.to_number<T>(error);
  return !error && std::isfinite(static_cast<double>(out));
}

/// Reads a JSON object into a message struct: ignores unknown keys, and members without a key keep their
/// values.
template <class T>
requires boost::describe::has_describe_members<T>::value bool from_json(const boost::json::value& in, T& out);

/// Reads a value or null.
template <class T>
bool from_json(const boost::json::value& in, std::optional<T>& out) {
  out.reset();
  return in.is_null() || from_json(in, out.emplace());
}

/// Reads a JSON array.
template <class T>
bool from_json(const boost::json::value& in, std::vector<T>& out) {
  const auto* array = in.if_array();
  if (array == nullptr) return false;
  out.clear();
  for (const auto& element : *array) {
    if (!from_json(element, out.emplace_back())) return false;
  }
  return true;
}

/// Reads a JSON object whose values all have the type T.
template <class T>
bool from_json(const boost::json::value& in, std::map<std::string, T>& out) {
  const auto* object = in.if_object();
  if (object == nullptr) return false;
  out.clear();
  for (const auto& element : *object) {
    if (!from_json(element.value(), out[std::string(element.key())])) return false;
  }
  return true;
}

template <class T>
requires boost::describe::has_describe_members<T>::value bool from_json(const boost::json::value& in,
                                                                        T& out) {
  const auto* object = in.if_object();
  if (object == nullptr) return false;
  bool ok = true;
  boost::mp11::mp_for_each<Members<T>>([&](auto member) {
    const auto* value = object->if_contains(member.name);
    if (value != nullptr) ok = ok && from_json(*value, out.*member.pointer);
  });
  return ok;
}

}  // namespace hawser::control
