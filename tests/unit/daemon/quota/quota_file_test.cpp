#include "daemon/quota/quota_file.hpp"

#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>

#include "daemon/quota/quota_counter.hpp"

namespace hawser::daemon::quota {
namespace {

namespace fs = std::filesystem;
using namespace std::chrono_literals;

constexpr WallTime kDay = std::chrono::sys_days(std::chrono::November / 1 / 2026);

class QuotaFileTest : public testing::Test {
 protected:
  QuotaFileTest() {
    std::string pattern = (fs::temp_directory_path() / "hawser-quota-XXXXXX").string();
    folder = ::mkdtemp(pattern.data());
  }
  ~QuotaFileTest() override { fs::remove_all(folder); }

  void write(const std::string& text) const { std::ofstream(path()) << text; }
  [[nodiscard]] std::string path() const { return folder + "/state/hw0.quota.json"; }
  [[nodiscard]] static std::string read(const std::string& name) {
    std::ifstream in(name);
    return {std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
  }
  [[nodiscard]] static QuotaFile::States some() {
    return {{"lte", {Quota::Month{kDay, 70'000'000'000}, Quota::Month{kDay - std::chrono::days(31), 5}, 9}},
            {"dsl", {}}};
  }

  std::string folder;
};

TEST_F(QuotaFileTest, IsReadAsItWasWritten) {
  QuotaFile file(path());
  ASSERT_TRUE(file.save(some())) << file.problem();
  const QuotaFile::States back = QuotaFile(path()).load();
  ASSERT_EQ(back.size(), 2U);
  EXPECT_EQ(back.at("lte").current->used, 70'000'000'000U);
  EXPECT_EQ(back.at("lte").current->begin, kDay);
  EXPECT_EQ(back.at("lte").previous->used, 5U);
  EXPECT_EQ(back.at("lte").undated, 9U);
  EXPECT_FALSE(back.at("dsl").current);
  EXPECT_FALSE(fs::exists(path() + ".tmp"));
}

TEST_F(QuotaFileTest, IsEmptyWhenThereIsNone) {
  QuotaFile file(path());
  EXPECT_TRUE(file.load().empty());
  EXPECT_EQ(file.problem(), "");
}

TEST_F(QuotaFileTest, IsKeptAsideAndReportedWhenItIsDamaged) {
  QuotaFile file(path());
  ASSERT_TRUE(file.save(some()));
  const std::string whole = read(path());
  for (int round = 1; round <= 2; ++round) {
    write(whole.substr(0, whole.size() / 2));
    EXPECT_TRUE(file.load().empty());
    const std::string aside = path() + (round == 1 ? ".damaged" : ".damaged-2");
    EXPECT_EQ(file.problem(), path() + ": damaged, kept as " + aside);
    EXPECT_EQ(read(aside), whole.substr(0, whole.size() / 2));
    EXPECT_FALSE(fs::exists(path()));
  }
}

TEST_F(QuotaFileTest, ReportsThatItCannotBeWritten) {
  std::ofstream(folder + "/state") << "a file where the directory should be";
  QuotaFile file(path());
  EXPECT_FALSE(file.save(some()));
  EXPECT_TRUE(file.problem().starts_with(path() + ": cannot be written: ")) << file.problem();
}

TEST(QuotaText, IsRefusedWheneverAnyOfItIsNotWhatWeWrite) {
  const QuotaFile::States one{{"lte", {Quota::Month{kDay, 1}, {}, 2}}};
  const std::string good = quota_text(one);
  ASSERT_TRUE(parse_quota_text(good));
  const auto with = [&good](const std::string& from, const std::string& to) {
    std::string text = good;
    const auto at = text.find(from);
    EXPECT_NE(at, std::string::npos) << from << " in " << good;
    return text.replace(at, from.size(), to);
  };
  for (const std::string& text :
       {std::string(), std::string("{}"), std::string("[]"), with("\"version\":1", "\"version\":2"),
        with("\"used\":1", "\"used\":-1"), with("\"used\":1", "\"used\":1.5"),
        with("\"used\":1", "\"used\":\"1\""), with("\"undated\":2", "\"undated\":null"),
        with("\"previous\":null,", ""), with("\"begin\":", "\"begin\":-"),
        with("\"begin\":", "\"begin\":9999"), with("\"current\":{", "\"current\":[{")}) {
    EXPECT_FALSE(parse_quota_text(text)) << text;
  }
  for (std::size_t size = 0; size + 2 < good.size(); ++size)
    EXPECT_FALSE(parse_quota_text(good.substr(0, size))) << size;
}

}  // namespace
}  // namespace hawser::daemon::quota
