#include "control/message.hpp"

#include <optional>

#include "control/json.hpp"

namespace hawser::control {
namespace {

namespace json = boost::json;

std::string one_line(const json::value& value) {
  return json::serialize(value) + "\n";
}

// Parses one line as a JSON object.
Result<json::object, ParseError> parse_object(std::string_view line) {
  json::error_code error;
  json::value value = json::parse(json::string_view(line.data(), line.size()), error);
  if (error) return ParseError{"not JSON: " + error.message()};
  if (!value.is_object()) return ParseError{"not a JSON object"};
  return std::move(value.get_object());
}

std::string text_of(const json::value& value) {
  return json::serialize(value);
}

}  // namespace

std::string default_socket(std::string_view interface) {
  return std::string(kSocketDirectory).append("/").append(interface).append(".sock");
}

namespace {

constexpr std::string_view kCommands = R"("status", "path_set")";

// Reads the arguments of a request: besides "command", exactly the members of T, all of them strings.
template <class T>
Result<T, ParseError> parse_arguments(const json::object& object) {
  T out;
  std::optional<ParseError> wrong;
  boost::mp11::mp_for_each<Members<T>>([&](auto member) {
    const json::value* value = object.if_contains(member.name);
    if (wrong || (value != nullptr && from_json(*value, out.*member.pointer))) return;
    wrong = ParseError{"\"" + std::string(member.name) + "\" is missing or not a string"};
  });
  for (const auto& member : object) {
    bool known = member.key() == "command";
    boost::mp11::mp_for_each<Members<T>>([&](auto each) { known = known || member.key() == each.name; });
    if (!known && !wrong) wrong = ParseError{"unknown key \"" + std::string(member.key()) + "\""};
  }
  if (wrong) return *wrong;
  return out;
}

/// The arguments of a command without any.
struct NoArguments {
  HAWSER_DESCRIBED(NoArguments)
};

// Parses a reply; an error that the daemon reports becomes the ParseError.
Result<json::object, ParseError> parse_answer(std::string_view line) {
  auto object = parse_object(line);
  if (!object) return object;
  const json::value* error = object->if_contains("error");
  if (error == nullptr) return object;
  return ParseError{error->is_string() ? std::string(error->get_string()) : text_of(*error)};
}

}  // namespace

Result<Request, ParseError> parse_request(std::string_view line) {
  const auto object = parse_object(line);
  if (!object) return object.error();
  const json::value* command = object->if_contains("command");
  if (command == nullptr) return ParseError{"\"command\" is missing; allowed: " + std::string(kCommands)};
  if (*command == "status") {
    const auto none = parse_arguments<NoArguments>(*object);
    if (!none) return none.error();
    return Request{Command::status, {}};
  }
  if (*command != "path_set")
    return ParseError{"unknown command " + text_of(*command) + "; allowed: " + std::string(kCommands)};
  const auto setting = parse_arguments<PathSetting>(*object);
  if (!setting) return setting.error();
  return Request{Command::path_set, *setting};
}

std::string make_request(const Request& request) {
  if (request.command == Command::status) return one_line({{"command", "status"}});
  json::value object = to_json(request.setting);
  object.get_object()["command"] = "path_set";
  return one_line(object);
}

std::string make_error(std::string_view message) {
  return one_line({{"error", json::string_view(message.data(), message.size())}});
}

std::string make_status(const Status& status) {
  return one_line(to_json(status));
}

std::string make_path_change(const PathChange& change) {
  return one_line(to_json(change));
}

Result<Status, ParseError> parse_status(std::string_view line) {
  const auto object = parse_answer(line);
  if (!object) return object.error();
  if (!object->contains("version")) return ParseError{"not a reply to status"};
  Status status;
  if (!from_json(*object, status)) return ParseError{"a field of the status has an unexpected type"};
  return status;
}

Result<PathChange, ParseError> parse_path_change(std::string_view line) {
  const auto object = parse_answer(line);
  if (!object) return object.error();
  PathChange change;
  if (!object->contains("after") || !from_json(*object, change)) return ParseError{"not a reply to path_set"};
  return change;
}

}  // namespace hawser::control
