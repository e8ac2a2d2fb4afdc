#include "daemon/config/loader.hpp"

#include <fcntl.h>
#include <toml++/toml.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <system_error>
#include <utility>

#include "base/file_descriptor.hpp"
#include "crypto/file_trust.hpp"
#include "daemon/config/ascii_check.hpp"
#include "daemon/config/cross_check.hpp"
#include "daemon/config/hooks.hpp"
#include "daemon/config/interface.hpp"
#include "daemon/config/peer.hpp"
#include "daemon/config/table_reader.hpp"
#include "daemon/config/uplink.hpp"

namespace hawser::daemon::config {
namespace {

constexpr std::size_t kMaxFile = std::size_t{4} << 20U;  // bytes

// The one table [section]. Null: it is missing, or (a mistake) something else has its name.
const toml::table* find_table(Mistakes& mistakes, const toml::table& root, std::string_view section) {
  const toml::node* node = root.get(section);
  if (node == nullptr) return nullptr;
  if (node->as_table() == nullptr)
    mistakes.add(*node, std::string(section), "a table headed [" + std::string(section) + "]");
  return node->as_table();
}

// Every table [[section]].
template <class T, class Read>
std::vector<T> read_tables(Mistakes& mistakes, const toml::table& root, std::string_view section, Read read) {
  std::vector<T> out;
  const toml::node* node = root.get(section);
  if (node == nullptr) return out;
  const toml::array* array = node->as_array();
  const std::string allowed = "tables headed [[" + std::string(section) + "]]";
  if (array == nullptr) {
    mistakes.add(*node, std::string(section), allowed);
    return out;
  }
  for (const toml::node& element : *array) {
    if (const toml::table* table = element.as_table()) {
      out.push_back(read(mistakes, *table));
    } else {
      mistakes.add(element, std::string(section), allowed);
    }
  }
  return out;
}

Config read_root(Mistakes& mistakes, const toml::table& root) {
  Config config;
  TableReader(mistakes, root, "").refuse_unknown({"interface", "uplink", "peer", "hooks"});
  if (!root.contains("interface"))
    mistakes.add(root.source(), "interface", "missing", "a table headed [interface]");
  if (const toml::table* table = find_table(mistakes, root, "interface"))
    config.interface = read_interface(mistakes, *table);
  config.uplinks = read_tables<UplinkConfig>(mistakes, root, "uplink", read_uplink);
  config.peers = read_tables<PeerConfig>(mistakes, root, "peer", read_peer);
  if (const toml::table* table = find_table(mistakes, root, "hooks"))
    config.hooks = read_hooks(mistakes, *table);
  check_between_keys(mistakes, root, config);
  return config;
}

}  // namespace

Result<Config, ConfigErrors> parse_config(std::string_view text, const std::string& file) {
  if (const auto line = find_stray_letter(text))
    return ConfigErrors{
        {file, *line, "", "a letter beyond ASCII outside comments and strings of one line", "ASCII"}};
  Mistakes mistakes(file);
  try {
    // Of the text itself, toml++ sees the letters beyond ASCII only when they cannot be in the place of a
    // token.
    toml::table root = toml::parse(as_ascii(text), file);
    root = toml::parse(text, file);
    Config config = read_root(mistakes, root);
    config.file = file;
    if (mistakes.errors().empty()) return config;
  } catch (const toml::parse_error& error) {
    mistakes.add(error.source(), "", std::string(error.description()), "TOML");
  }
  std::ranges::stable_sort(mistakes.errors(), {}, &ConfigError::line);
  return std::move(mistakes.errors());
}

Result<Config, ConfigErrors> load_config(const std::string& file) {
  const auto mistake = [&file](std::string problem, std::string allowed) {
    return ConfigErrors{{file, 0, "", std::move(problem), std::move(allowed)}};
  };
  const auto unreadable = [&mistake] {
    return mistake("cannot be read: " + std::generic_category().message(errno), "a readable TOML file");
  };
  const FileDescriptor in(::open(file.c_str(), O_RDONLY | O_CLOEXEC | O_NOCTTY));
  if (in.get() < 0) return unreadable();
  // The file decides which program the hooks run. No "allowed": the text ends in a command that users copy.
  if (std::string problem = crypto::file_refusal(in.get(), file, {}); !problem.empty())
    return mistake(problem.substr(file.size() + 2), "");
  std::string text;
  std::array<char, 4096> part{};
  for (;;) {
    const ssize_t got = ::read(in.get(), part.data(), part.size());
    if (got == 0) return parse_config(text, file);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return unreadable();
    if (text.size() + static_cast<std::size_t>(got) > kMaxFile) return mistake("too long", "at most 4 MiB");
    text.append(part.data(), static_cast<std::size_t>(got));
  }
}

}  // namespace hawser::daemon::config
