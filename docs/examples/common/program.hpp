#pragma once

namespace hawser::examples {

/// Makes SIGINT and SIGTERM set the flag that stop_requested() returns, instead of ending the program. A
/// signal also interrupts system calls that wait.
void catch_stop_signals();
[[nodiscard]] bool stop_requested();

/// Calls `run` and returns its exit code. An exception becomes one line on stderr, which begins with `name`,
/// and exit code 1.
[[nodiscard]] int run_program(const char* name, int (*run)(int, char**), int argc, char** argv);

}  // namespace hawser::examples
