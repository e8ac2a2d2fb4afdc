#include <unistd.h>

#include <iostream>
#include <utility>

#include "cli/commands.hpp"
#include "cli/keys.hpp"
#include "hawser/crypto/random.hpp"

namespace hawser::cli {
namespace {

Exit finish(const std::optional<Failure>& failure) {
  return failure ? report(*failure) : Exit::ok;
}

// Writes a new secret to standard output by `write`, after a warning if others could read it there.
template <class Write>
Exit make_secret(Write write) {
  if (const auto why = exposure(STDOUT_FILENO)) std::cerr << "hawser: warning: " << *why << '\n';
  crypto::SystemRandom random;
  return finish(write(random, STDOUT_FILENO));
}

void add(CLI::App& app, Action& action, const char* name, const char* description, Action what) {
  app.add_subcommand(name, description)->callback([&action, what = std::move(what)] { action = what; });
}

}  // namespace

void add_key_commands(CLI::App& app, Action& action) {
  add(app, action, "genkey", "print a new private key", [] { return make_secret(write_private_key); });
  add(app, action, "pubkey", "read a private key from standard input, print its public key",
      [] { return finish(write_public_key(STDIN_FILENO, STDOUT_FILENO)); });
  add(app, action, "genpsk", "print a new preshared key", [] { return make_secret(write_preshared_key); });
}

}  // namespace hawser::cli
