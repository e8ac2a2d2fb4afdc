#include "daemon/hooks/runner.hpp"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <spdlog/spdlog.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <boost/asio/post.hpp>
#include <chrono>
#include <csignal>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <thread>

#include "daemon/hooks/command_check.hpp"

namespace hawser::daemon::hooks {
namespace {

using namespace std::chrono_literals;
using Clock = std::chrono::steady_clock;

// Runs real programs, which each test writes into its own folder.
class HooksTest : public testing::Test {
 protected:
  static void SetUpTestSuite() { spdlog::set_level(spdlog::level::off); }

  void SetUp() override {
    std::string pattern = testing::TempDir() + "hawser-hooks-XXXXXX";
    folder = ::mkdtemp(pattern.data());
  }
  void TearDown() override { std::filesystem::remove_all(folder); }

  [[nodiscard]] std::string path(const std::string& name) const { return (folder / name).string(); }
  // Writes a shell script; $F is the folder. Returns its path.
  std::string program(const std::string& text, mode_t mode = 0755) {
    const std::string file = path("hook");
    std::ofstream(file) << "#!/bin/sh\nF=" << folder.string() << "\n" << text << "\n";
    ::chmod(file.c_str(), mode);
    return file;
  }
  void use(const std::string& text, std::size_t timeout = 5) {
    hooks.emplace(context, config::HooksConfig{program(text), 1, timeout});
  }
  void post(const std::string& name, HookEvent event = {}) {
    event.name = name;
    hooks->post(std::move(event));
  }
  // Runs until every event is done. Returns how long that took.
  Clock::duration finish() {
    const auto begin = Clock::now();
    bool done = false;
    hooks->finish([&] { done = true; });
    while (!done && context.run_one_for(20s) != 0) {
    }
    EXPECT_TRUE(done);
    context.restart();
    return Clock::now() - begin;
  }
  [[nodiscard]] std::string content(const std::string& name) const {
    std::ifstream in(folder / name);
    return {std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
  }
  // Whether the process whose id is in the file exists and is not a zombie.
  [[nodiscard]] bool alive(const std::string& name) const {
    std::ifstream in("/proc/" + std::to_string(std::stoi(content(name))) + "/stat");
    std::string pid;
    std::string command;
    std::string state;
    return static_cast<bool>(in >> pid >> command >> state) && state != "Z";
  }
  // Whether that process ends; a killed process takes a moment.
  [[nodiscard]] bool goes(const std::string& name) const {
    for (int i = 0; i < 200 && alive(name); ++i) std::this_thread::sleep_for(10ms);
    return !alive(name);
  }

  std::filesystem::path folder;
  boost::asio::io_context context;
  std::optional<HookRunner> hooks;
};

TEST_F(HooksTest, AreRunOneAfterTheOtherInTheOrderOfEvents) {
  use("echo begin $HAWSER_EVENT >> $F/log; sleep 0.05; echo end $HAWSER_EVENT >> $F/log");
  for (const char* name : {"a", "b", "c"}) post(name);
  finish();
  EXPECT_EQ(content("log"), "begin a\nend a\nbegin b\nend b\nbegin c\nend c\n");
  EXPECT_EQ(hooks->counters().run, 3U);
  EXPECT_EQ(hooks->counters().failed, 0U);
}

TEST_F(HooksTest, SeeTheFactsAndNothingElseOfOurEnvironment) {
  ::setenv("HAWSER_TEST_SECRET", "s3cret", 1);
  use("/usr/bin/env > $F/env");
  post("path-up", {"", {{"HAWSER_PEER", "hub"}, {"HAWSER_REASON", "two words; $(id)"}}});
  finish();
  ::unsetenv("HAWSER_TEST_SECRET");
  std::istringstream in(content("env"));
  std::vector<std::string> names;
  for (std::string line; std::getline(in, line);) names.push_back(line.substr(0, line.find('=')));
  std::ranges::sort(names);
  // PWD, SHLVL and _ are the shell's.
  std::erase_if(names, [](const auto& name) {
    return name == "PWD" || name == "SHLVL" || name == "_" || name == "OLDPWD";
  });
  EXPECT_EQ(names, (std::vector<std::string>{"HAWSER_EVENT", "HAWSER_PEER", "HAWSER_REASON", "PATH"}));
  EXPECT_NE(content("env").find("HAWSER_REASON=two words; $(id)\n"), std::string::npos);
}

TEST_F(HooksTest, InheritNoDescriptorAndHaveAGroupOfTheirOwn) {
  const int leaky = ::open("/dev/null", O_RDONLY);  // without O_CLOEXEC
  use("cat > $F/stdin; ls /proc/$$/fd > $F/fds; cut -d' ' -f5 /proc/$$/stat > $F/group; echo $$ > $F/pid; "
      "pwd > $F/pwd");
  post("tunnel-up");
  finish();
  ::close(leaky);
  EXPECT_EQ(content("stdin"), "");
  std::istringstream in(content("fds"));
  std::vector<int> descriptors;
  for (int fd = 0; in >> fd;) descriptors.push_back(fd);
  // The shell keeps its script open at 10 or above.
  std::erase_if(descriptors, [](int fd) { return fd >= 10; });
  EXPECT_EQ(descriptors, (std::vector<int>{0, 1, 2}));
  EXPECT_EQ(content("group"), content("pid"));
  EXPECT_EQ(content("pwd"), "/\n");
}

TEST_F(HooksTest, AreEndedWithTheirGroupWhenTheyHang) {
  use("echo $$ > $F/leader; sleep 60 & echo $! > $F/child; wait", 1);
  post("tunnel-up");
  post("tunnel-down");
  while (hooks->counters().timed_out < 2 && context.run_one_for(10s) != 0) {
  }
  EXPECT_EQ(hooks->counters().failed, 2U);
  EXPECT_TRUE(goes("leader"));
  EXPECT_TRUE(goes("child"));
}

TEST_F(HooksTest, AreKilledASecondLaterWhenTheyIgnoreThat) {
  use("trap '' TERM; echo $$ > $F/leader; while :; do sleep 0.1; done", 1);
  const auto begin = Clock::now();
  post("tunnel-up");
  while (hooks->counters().timed_out == 0 && context.run_one_for(10s) != 0) {
  }
  const auto took = Clock::now() - begin;
  EXPECT_GE(took, 1900ms);
  EXPECT_LT(took, 4s);
  EXPECT_TRUE(goes("leader"));
}

// A child that keeps the output open must not delay the next event.
TEST_F(HooksTest, TakeTheirChildrenWithThemWhenTheyEnd) {
  use("sleep 60 & echo $! > $F/child; echo $HAWSER_EVENT >> $F/log");
  post("a");
  post("b");
  EXPECT_LT(finish(), 4s);
  EXPECT_EQ(content("log"), "a\nb\n");
  EXPECT_TRUE(goes("child"));
  EXPECT_EQ(hooks->counters().failed, 0U);
}

TEST_F(HooksTest, ThatFailOrCrashOrCannotBeRunAreCountedAndDoNotStopTheNext) {
  use("echo $HAWSER_EVENT >> $F/log; case $HAWSER_EVENT in a) exit 3;; b) kill -SEGV $$;; esac");
  for (const char* name : {"a", "b", "c"}) post(name);
  finish();
  EXPECT_EQ(content("log"), "a\nb\nc\n");
  EXPECT_EQ(hooks->counters().failed, 2U);
  std::filesystem::remove(path("hook"));
  post("d");
  finish();
  EXPECT_EQ(hooks->counters().run, 4U);
  EXPECT_EQ(hooks->counters().failed, 3U);
}

TEST_F(HooksTest, AreNotRunByAShell) {
  const std::string file = program("");
  std::ofstream(file) << "echo run > " << path("log") << "\n";  // without #!
  hooks.emplace(context, config::HooksConfig{file, 1, 5});
  post("a");
  finish();
  EXPECT_EQ(hooks->counters().failed, 1U);
  EXPECT_EQ(content("log"), "");
}

TEST_F(HooksTest, OfAFloodAreBoundedAndTheOldestOnesRun) {
  use("echo $HAWSER_EVENT >> $F/log");
  for (int i = 0; i < 300; ++i) post(std::to_string(i));
  EXPECT_EQ(hooks->counters().dropped, 300 - 1 - HookQueue::kMaxEvents);
  finish();
  std::string expected;
  for (std::size_t i = 0; i <= HookQueue::kMaxEvents; ++i) expected += std::to_string(i) + "\n";
  EXPECT_EQ(content("log"), expected);
}

TEST_F(HooksTest, ThatPrintWithoutEndDoNotKeepUsFromAnythingElse) {
  use("exec yes", 1);
  post("a");
  int others = 0;
  std::function<void()> other = [&] {
    ++others;
    if (hooks->counters().timed_out == 0) boost::asio::post(context, other);
  };
  other();
  while (hooks->counters().timed_out == 0 && context.run_one_for(10s) != 0) {
  }
  EXPECT_GT(others, 1'000);
}

TEST_F(HooksTest, AreNotWaitedForLongerThanTheTimeoutAtTheEnd) {
  use("sleep 0.7; echo $HAWSER_EVENT >> $F/log", 1);
  for (const char* name : {"a", "b", "c"}) post(name);
  EXPECT_LT(finish(), 1500ms);
  EXPECT_EQ(content("log"), "a\n");
  EXPECT_EQ(hooks->counters().dropped + hooks->counters().failed, 2U);
}

TEST_F(HooksTest, EndWithTheDaemon) {
  use("echo $$ > $F/leader; trap '' TERM; sleep 60");
  post("a");
  for (const auto end = Clock::now() + 5s; content("leader").empty() && Clock::now() < end;)
    context.run_for(10ms);
  ASSERT_TRUE(alive("leader"));
  hooks.reset();
  EXPECT_TRUE(goes("leader"));
}

class HookCommand : public HooksTest {
 protected:
  std::string refusal(const std::string& command) {
    config::Config config;
    config.file = "f.toml";
    config.hooks = config::HooksConfig{command, 7, 10};
    const config::ConfigErrors errors = check_hook_command(config);
    return errors.empty() ? "" : errors.at(0).to_string();
  }
};

TEST_F(HookCommand, MustBeAProgramThatOthersMayNotChange) {
  EXPECT_EQ(refusal(program("", 0755)), "");
  EXPECT_EQ(refusal(program("", 0700)), "");
  const std::string file = path("hook");
  EXPECT_EQ(refusal(program("", 0644)), "f.toml:7: hooks.command: " + file + ": not executable (mode 0644)");
  for (const auto& [mode, text] : {std::pair{0775, "0775"}, {0757, "0757"}}) {
    EXPECT_EQ(refusal(program("", static_cast<mode_t>(mode))),
              "f.toml:7: hooks.command: " + file + ": other users may change the file (mode " + text +
                  "); run: chmod go-w " + file);
  }
  EXPECT_EQ(refusal(path("none")),
            "f.toml:7: hooks.command: " + path("none") + ": No such file or directory");
  EXPECT_EQ(refusal(folder.string()), "f.toml:7: hooks.command: " + folder.string() + ": not a regular file");
  EXPECT_TRUE(check_hook_command(config::Config{}).empty());
}

TEST_F(HookCommand, MustBelongToRootOrToUs) {
  if (::geteuid() != 0) GTEST_SKIP() << "needs root";
  const std::string file = program("");
  ASSERT_EQ(::chown(file.c_str(), 12345, 0), 0);
  EXPECT_EQ(refusal(file), "f.toml:7: hooks.command: " + file +
                               ": the file belongs to user 12345; run: chown -h root " + file);
}

TEST_F(HookCommand, MustBeInADirectoryWhereOthersMayNotReplaceIt) {
  const std::string file = program("");
  ASSERT_EQ(::chmod(folder.c_str(), 0777), 0);
  EXPECT_EQ(refusal(file), "f.toml:7: hooks.command: " + file +
                               ": other users may replace files in the directory " + folder.string() +
                               " (mode 0777); run: chmod go-w " + folder.string());
}

}  // namespace
}  // namespace hawser::daemon::hooks
