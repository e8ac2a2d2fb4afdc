#include "daemon/state_file.hpp"

#include <gtest/gtest.h>
#include <sys/fsuid.h>
#include <sys/resource.h>
#include <unistd.h>

#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>

namespace hawser::daemon {
namespace {

namespace fs = std::filesystem;

class StateFileTest : public testing::Test {
 protected:
  StateFileTest() {
    std::string pattern = (fs::temp_directory_path() / "hawser-state-file-XXXXXX").string();
    folder = ::mkdtemp(pattern.data());
  }
  ~StateFileTest() override { fs::remove_all(folder); }

  [[nodiscard]] std::string path() const { return folder + "/state/hw0.json"; }
  [[nodiscard]] static std::string read(const std::string& name) {
    std::ifstream in(name);
    return {std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
  }

  std::string folder;
};

TEST_F(StateFileTest, NeverWritesThroughALink) {
  StateFile file(path());
  ASSERT_TRUE(file.save("1", false));
  std::ofstream(folder + "/victim") << "untouched";
  fs::create_symlink(folder + "/victim", path() + ".tmp");
  EXPECT_TRUE(file.save("2", false)) << file.problem();
  EXPECT_EQ(read(path()), "2");
  EXPECT_EQ(read(folder + "/victim"), "untouched");
  EXPECT_FALSE(fs::exists(fs::symlink_status(path() + ".tmp")));
}

TEST_F(StateFileTest, ReplacesWhatACrashLeft) {
  StateFile file(path());
  ASSERT_TRUE(file.save("1", false));
  std::ofstream(path() + ".tmp") << "half of a file";
  EXPECT_TRUE(file.save("2", true)) << file.problem();
  EXPECT_EQ(read(path()), "2");
  EXPECT_FALSE(fs::exists(path() + ".tmp"));
}

// The limit on the size of files stands for a disk that is full.
TEST_F(StateFileTest, LeavesNothingBesideTheOldContentWhenTheDiskIsFull) {
  StateFile file(path());
  ASSERT_TRUE(file.save("old", false));
  std::signal(SIGXFSZ, SIG_IGN);
  rlimit before{};
  ASSERT_EQ(::getrlimit(RLIMIT_FSIZE, &before), 0);
  const rlimit full{1000, before.rlim_max};
  ASSERT_EQ(::setrlimit(RLIMIT_FSIZE, &full), 0);
  const bool saved = file.save(std::string(5000, 'x'), false);
  const std::string problem = file.problem();
  ASSERT_EQ(::setrlimit(RLIMIT_FSIZE, &before), 0);
  std::signal(SIGXFSZ, SIG_DFL);
  EXPECT_FALSE(saved);
  EXPECT_EQ(problem, path() + ": cannot be written: File too large");
  EXPECT_EQ(read(path()), "old");
  EXPECT_FALSE(fs::exists(path() + ".tmp"));
  EXPECT_TRUE(file.save("new", false)) << "there is room again";
  EXPECT_EQ(read(path()), "new");
}

TEST_F(StateFileTest, ReportsWhyItsDirectoryCannotBeMade) {
  std::ofstream(folder + "/state") << "a file where the directory should be";
  StateFile file(path());
  EXPECT_FALSE(file.save("1", false));
  EXPECT_EQ(file.problem(), path() + ": cannot be written: " + folder + "/state: Not a directory");
}

// Without the file system user 0, root has no right to ignore the mode of a directory.
TEST_F(StateFileTest, ReportsThatItMayNotWrite) {
  fs::permissions(folder, fs::perms::owner_read | fs::perms::owner_exec | fs::perms::others_exec);
  StateFile file(path());
  const int before = ::geteuid() == 0 ? ::setfsuid(65534) : -1;
  const bool saved = file.save("1", false);
  if (before != -1) ::setfsuid(static_cast<uid_t>(before));
  EXPECT_FALSE(saved);
  EXPECT_EQ(file.problem(), path() + ": cannot be written: " + folder + "/state: Permission denied");
  fs::permissions(folder, fs::perms::owner_all);
}

}  // namespace
}  // namespace hawser::daemon
