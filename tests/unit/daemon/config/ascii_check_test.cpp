#include "daemon/config/ascii_check.hpp"

#include <gtest/gtest.h>

#include "daemon/config/loader.hpp"

namespace hawser::daemon::config {
namespace {

TEST(StrayLetter, IsFoundOutsideCommentsAndStringsOfOneLine) {
  struct Case {
    const char* text;
    std::optional<std::uint32_t> line;
  };
  for (const Case& each : std::initializer_list<Case>{
           {"", std::nullopt},
           {"name = 'ä' # ä\nlabel = \"ä\"\n", std::nullopt},
           {"\xef\xbb\xbf# with a byte order mark\n", std::nullopt},
           {"a = \"\"\"\n\"ä\n\"\"\"\n", 2},
           {"a = '''\n\n'ä\n'''\n", 3},
           {"a = [\"\"\"b\"\"\"\", 'ä']\n", std::nullopt},
           {"a = [\"\"\"b\"\"\"\"\", ä]\n", 1},
           {"a = ['''b'''', \"ä\"]\n", std::nullopt},
           {"a = \"\\\"ä\"\n", std::nullopt},
           {"ä = 1\n", 1},
           {"a = 1\nb = 2 ä\n", 2},
           {"a = 'b\nä'\n", 2},
           {"a = '\\'ä'\n", 1},
           {"a = \"b\\\\\"ä\n", 1},
           {"a = \"\"\"\n\"\"\"\nä\n", 3},
           {"# ä\n\n\xff", 3},
       }) {
    EXPECT_EQ(find_stray_letter(each.text), each.line) << each.text;
  }
}

TEST(StrayLetter, IsAMistakeOfTheFile) {
  const auto config = parse_config("[interface]\nname = hä\n", "f.toml");
  ASSERT_FALSE(config);
  ASSERT_EQ(config.error().size(), 1U);
  EXPECT_EQ(config.error()[0].to_string(),
            "f.toml:2: a letter beyond ASCII outside comments and strings of one line; allowed: ASCII");
}

// Quotation marks where no string can begin do not make a string of what follows.
TEST(StrayLetter, AfterAnotherMistakeIsNotRead) {
  const auto config = parse_config("# ä\na = 1?=\"b²\"\n", "f.toml");
  ASSERT_FALSE(config);
  ASSERT_EQ(config.error().size(), 1U);
  EXPECT_TRUE(config.error()[0].to_string().starts_with("f.toml:2: ")) << config.error()[0].to_string();
}

TEST(AsAscii, ReplacesLettersButNotTheByteOrderMark) {
  EXPECT_EQ(as_ascii("\xef\xbb\xbf"
                     "a = 'ä'"),
            "\xef\xbb\xbf"
            "a = '__'");
}

}  // namespace
}  // namespace hawser::daemon::config
