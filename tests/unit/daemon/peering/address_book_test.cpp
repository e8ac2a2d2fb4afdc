#include "daemon/peering/address_book.hpp"

#include <gtest/gtest.h>
#include <spdlog/sinks/ostream_sink.h>
#include <spdlog/spdlog.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <sstream>

namespace hawser::daemon::peering {
namespace {

namespace fs = std::filesystem;
using namespace std::chrono_literals;
using Addresses = std::vector<std::string>;
using Weight = NameAnswer::Weight;

class AddressBookTest : public testing::Test {
 protected:
  AddressBookTest() {
    spdlog::set_default_logger(
        std::make_shared<spdlog::logger>("test", std::make_shared<spdlog::sinks::ostream_sink_st>(log)));
    spdlog::set_pattern("%v");
    spdlog::set_level(spdlog::level::info);
    book.load({"hub"});
  }
  ~AddressBookTest() override {
    spdlog::set_level(spdlog::level::off);
    fs::remove_all(folder);
  }

  static std::string make_folder() {
    std::string pattern = (fs::temp_directory_path() / "hawser-address-book-XXXXXX").string();
    return ::mkdtemp(pattern.data());
  }
  static NameAnswer good(std::uint64_t question, const Addresses& addresses) {
    NameAnswer out{.question = question, .host = "hub", .source = "192.0.2.53"};
    for (const std::string& each : addresses) out.addresses.push_back(*IpAddress::parse(each));
    return out;
  }
  static NameAnswer bad(std::uint64_t question, const std::string& source, const std::string& failure,
                        Weight weight = Weight::definite) {
    return {.question = question, .host = "hub", .source = source, .failure = failure, .weight = weight};
  }
  [[nodiscard]] static Addresses texts(const AddressBook& from) {
    Addresses out;
    for (const IpAddress& each : from.addresses("hub")) out.push_back(each.to_string());
    return out;
  }
  [[nodiscard]] std::string path() const { return folder + "/state/hw0.names.json"; }
  [[nodiscard]] Addresses in_next_run() const {
    AddressBook next(path());
    next.load({"hub"});
    return texts(next);
  }
  // The lines logged since the last call.
  Addresses lines() {
    Addresses out;
    std::istringstream in(log.str());
    for (std::string line; std::getline(in, line);) out.push_back(line);
    log.str("");
    return out;
  }

  std::ostringstream log;
  std::string folder = make_folder();
  Timestamp now{100s};
  AddressBook book{path()};
};

TEST_F(AddressBookTest, MergesTheAnswersOfAllSources) {
  const auto question = book.begin_question(now, "hub");
  EXPECT_TRUE(book.handle_answer(now, good(question, {"192.0.2.1", "192.0.2.2"})));
  EXPECT_TRUE(book.handle_answer(now, good(question, {"2001:db8::1", "2001:db8::2"})));
  EXPECT_FALSE(book.handle_answer(now, good(question, {"192.0.2.2"})));
  EXPECT_EQ(texts(book), (Addresses{"192.0.2.1", "2001:db8::1", "192.0.2.2", "2001:db8::2"}))
      << "the families alternate";
}

TEST_F(AddressBookTest, PutsNewAddressesFirstAndForgetsThoseThatAreNotRepeated) {
  book.handle_answer(now, good(book.begin_question(now, "hub"), {"192.0.2.1"}));
  book.handle_answer(now, good(book.begin_question(now, "hub"), {"192.0.2.2"}));
  EXPECT_EQ(texts(book), (Addresses{"192.0.2.2", "192.0.2.1"}));
  book.handle_answer(now, good(book.begin_question(now, "hub"), {"192.0.2.2"}));
  book.begin_question(now, "hub");
  EXPECT_EQ(texts(book), Addresses{"192.0.2.2"});
}

TEST_F(AddressBookTest, KeepsItsAddressesWhileNothingAnswers) {
  book.handle_answer(now, good(book.begin_question(now, "hub"), {"192.0.2.1"}));
  for (int i = 0; i < 20; ++i)
    EXPECT_FALSE(book.handle_answer(now, bad(book.begin_question(now, "hub"), "a", "no such name")));
  EXPECT_EQ(texts(book), Addresses{"192.0.2.1"});
}

TEST_F(AddressBookTest, KeepsTheAddressThatWorkedWhenTheNameLeadsElsewhere) {
  book.handle_answer(now, good(book.begin_question(now, "hub"), {"192.0.2.1"}));
  book.confirm("hub", *IpAddress::parse("192.0.2.1"));
  book.confirm("hub", *IpAddress::parse("192.0.2.99"));  // of another endpoint
  for (int i = 0; i < 5; ++i) book.handle_answer(now, good(book.begin_question(now, "hub"), {"10.0.0.1"}));
  EXPECT_EQ(texts(book), (Addresses{"10.0.0.1", "192.0.2.1"}));
}

TEST_F(AddressBookTest, BoundsTheAddressesOfAName) {
  Addresses many;
  for (int i = 1; i < 200; ++i) many.push_back("192.0.2." + std::to_string(i));
  book.handle_answer(now, good(book.begin_question(now, "hub"), many));
  EXPECT_EQ(texts(book).size(), AddressBook::kMaxAddresses);
  book.handle_answer(now, good(book.begin_question(now, "hub"), {"198.51.100.1"}));
  EXPECT_EQ(texts(book).size(), AddressBook::kMaxAddresses);
  EXPECT_EQ(texts(book).front(), "198.51.100.1");
}

TEST_F(AddressBookTest, NamesTheFailureThatSaysMost) {
  const auto question = book.begin_question(now, "hub");
  EXPECT_EQ(book.failure("hub"), "");
  book.handle_answer(now, bad(question, "192.0.2.53 over eth1", "unreachable", Weight::unreachable));
  EXPECT_EQ(book.failure("hub"), "unreachable (192.0.2.53 over eth1)");
  book.handle_answer(now, bad(question, "192.0.2.53 over eth0", "server failure"));
  book.handle_answer(now, bad(question, "system", "temporary failure in name resolution", Weight::system));
  book.handle_answer(now, bad(question, "192.0.2.54 over eth0", "no answer", Weight::silent));
  EXPECT_EQ(book.failure("hub"), "server failure (192.0.2.53 over eth0)");
  book.handle_answer(now, good(question, {"192.0.2.1"}));
  EXPECT_EQ(book.failure("hub"), "");
  book.handle_answer(now, bad(question, "192.0.2.53 over eth0", "server failure"));
  EXPECT_EQ(book.failure("hub"), "") << "another source had an answer to the question";
}

TEST_F(AddressBookTest, LogsAFailureOnceAndSumsItUp) {
  for (int i = 0; i < 80; ++i, now += 4s) {
    book.handle_answer(now, bad(book.begin_question(now, "hub"), "192.0.2.53", "server failure"));
  }
  const Addresses all = lines();
  ASSERT_EQ(all.size(), 2U);
  EXPECT_EQ(all[0], "cannot resolve hub: server failure (192.0.2.53)");
  EXPECT_EQ(all[1],
            "cannot resolve hub: server failure (192.0.2.53) (74 more times since the last such line)");
  book.handle_answer(now, good(book.begin_question(now, "hub"), {"192.0.2.1"}));
  EXPECT_EQ(lines().back(), "resolved hub: 192.0.2.1");
}

TEST_F(AddressBookTest, LogsNothingWhileTheAnswersAreTheSame) {
  for (int i = 0; i < 20; ++i) book.handle_answer(now, good(book.begin_question(now, "hub"), {"192.0.2.1"}));
  EXPECT_EQ(lines(), Addresses{"resolved hub: 192.0.2.1"});
}

TEST_F(AddressBookTest, LeavesItsAddressesToTheNextRun) {
  book.handle_answer(now, good(book.begin_question(now, "hub"), {"192.0.2.1", "2001:db8::1"}));
  book.confirm("hub", *IpAddress::parse("192.0.2.1"));
  book.save(now, false);
  EXPECT_EQ(in_next_run(), (Addresses{"192.0.2.1", "2001:db8::1"}));
  AddressBook other(path());
  other.load({"another"});
  EXPECT_EQ(texts(other), Addresses{}) << "the name is not in the configuration";
}

TEST_F(AddressBookTest, WritesItsFileAtMostEveryTenSecondsAndRetries) {
  book.handle_answer(now, good(book.begin_question(now, "hub"), {"192.0.2.1"}));
  std::ofstream(folder + "/state") << "a file where the directory should be";
  book.save(now, false);
  fs::remove(folder + "/state");
  book.save(now + 9s, false);
  EXPECT_EQ(in_next_run(), Addresses{});
  book.save(now + 10s, false);
  EXPECT_EQ(in_next_run(), Addresses{"192.0.2.1"});
  book.handle_answer(now, good(book.begin_question(now, "hub"), {"192.0.2.2"}));
  book.save(now + 11s, true);
  EXPECT_EQ(in_next_run(), (Addresses{"192.0.2.2", "192.0.2.1"}));
}

TEST_F(AddressBookTest, ADamagedFileIsKeptAside) {
  const std::string fine = names_text({{"hub", {{*IpAddress::parse("192.0.2.1")}, std::nullopt}}});
  ASSERT_TRUE(parse_names_text(fine));
  for (std::size_t size = 0; size < fine.size() - 2; ++size)
    EXPECT_FALSE(parse_names_text(fine.substr(0, size))) << size;
  fs::create_directory(folder + "/state");
  for (const char* wrong : {"{}", "[]", R"({"version":2,"names":{}})", R"({"version":1,"names":[]})",
                            R"({"version":1,"names":{"hub":{"resolved":[]}}})",
                            R"({"version":1,"names":{"hub":{"resolved":["nowhere"],"proven":null}}})",
                            R"({"version":1,"names":{"hub":{"resolved":["0.0.0.0"],"proven":null}}})",
                            R"({"version":1,"names":{"hub":{"resolved":[],"proven":1}}})"}) {
    EXPECT_FALSE(parse_names_text(wrong)) << wrong;
    std::ofstream(path()) << wrong;
    EXPECT_EQ(in_next_run(), Addresses{});
  }
  EXPECT_TRUE(fs::exists(path() + ".damaged"));
}

TEST_F(AddressBookTest, WithoutAnyNameThereIsNoFile) {
  AddressBook none(folder + "/none.json");
  none.load({});
  none.save(now, true);
  EXPECT_FALSE(fs::exists(folder + "/none.json"));
}

}  // namespace
}  // namespace hawser::daemon::peering
