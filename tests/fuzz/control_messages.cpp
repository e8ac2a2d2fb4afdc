// Reads arbitrary lines as requests to the daemon and as its replies. In all cases: what is read and written
// again reads as the same, and an error has a text of one line.

#include <string>
#include <string_view>

#include "control/message.hpp"
#include "input.hpp"

namespace hawser::control::fuzz {
namespace {

using hawser::fuzz::require;

// The daemon sends the text as a reply, which is one line.
void check(const ParseError& error) {
  require(!error.message.empty());
  const std::string reply = make_error(error.message);
  require(reply.find('\n') == reply.size() - 1);
  require(parse_status(reply).error().message == error.message);
}

void read_request(std::string_view line) {
  const auto request = parse_request(line);
  if (!request) return check(request.error());
  const std::string again = make_request(*request);
  require(again.find('\n') == again.size() - 1);
  const auto same = parse_request(again);
  require(same && same->command == request->command && same->setting.label == request->setting.label &&
          same->setting.setting == request->setting.setting && same->setting.value == request->setting.value);
}

// Numbers are rounded and capped when they are written, so the second writing is the first that has to be the
// same.
void read_status(std::string_view line) {
  const auto status = parse_status(line);
  if (!status) return;
  const auto rounded = parse_status(make_status(*status));
  require(rounded && make_status(*rounded) == make_status(*status));
}

void read_path_change(std::string_view line) {
  const auto change = parse_path_change(line);
  if (change)
    require(make_path_change(*parse_path_change(make_path_change(*change))) == make_path_change(*change));
}

}  // namespace
}  // namespace hawser::control::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view line(reinterpret_cast<const char*>(data), size);
  hawser::control::fuzz::read_request(line);
  hawser::control::fuzz::read_status(line);
  hawser::control::fuzz::read_path_change(line);
  return 0;
}
