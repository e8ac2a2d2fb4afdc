#include "hawser/control/message.hpp"

#include "control/json.hpp"

namespace hawser::control {
namespace {

namespace json = boost::json;

std::string one_line(const json::value& value) {
  return json::serialize(value) + "\n";
}

/// The JSON object of a line, or what is wrong with it.
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

Result<Command, ParseError> parse_request(std::string_view line) {
  const auto object = parse_object(line);
  if (!object) return object.error();
  const json::value* command = object->if_contains("command");
  if (command == nullptr) return ParseError{"\"command\" is missing; allowed: \"status\""};
  for (const auto& member : *object) {
    if (member.key() != "command") return ParseError{"unknown key \"" + std::string(member.key()) + "\""};
  }
  if (*command != "status")
    return ParseError{"unknown command " + text_of(*command) + "; allowed: \"status\""};
  return Command::status;
}

std::string make_request(Command command) {
  switch (command) {
    case Command::status: break;
  }
  return one_line({{"command", "status"}});
}

std::string make_error(std::string_view message) {
  return one_line({{"error", json::string_view(message.data(), message.size())}});
}

std::string make_status(const Status& status) {
  return one_line(to_json(status));
}

Result<Status, ParseError> parse_status(std::string_view line) {
  const auto object = parse_object(line);
  if (!object) return object.error();
  if (const json::value* error = object->if_contains("error")) {
    return ParseError{error->is_string() ? std::string(error->get_string()) : text_of(*error)};
  }
  if (!object->contains("version")) return ParseError{"not a status"};
  Status status;
  if (!from_json(*object, status)) return ParseError{"a field of the status has an unexpected type"};
  return status;
}

}  // namespace hawser::control
