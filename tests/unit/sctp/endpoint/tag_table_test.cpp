#include "sctp/endpoint/tag_table.hpp"

#include <gtest/gtest.h>

#include <map>
#include <random>
#include <vector>

namespace hawser::sctp::endpoint {
namespace {

TEST(TagTable, FindsWhatWasInsertedAndNothingElse) {
  TagTable<int> table;
  int a = 1;
  int b = 2;
  table.insert(VerificationTag{100}, &a);
  table.insert(VerificationTag{200}, &b);
  EXPECT_EQ(table.find(VerificationTag{100}), &a);
  EXPECT_EQ(table.find(VerificationTag{200}), &b);
  EXPECT_EQ(table.find(VerificationTag{300}), nullptr);
}

TEST(TagTable, KeepsTagsApartThatHashToTheSameSlot) {
  TagTable<int> table;
  int values[5] = {};
  for (std::uint32_t i = 0; i < 5; ++i) table.insert(VerificationTag{7 + i * 0x1'0000}, &values[i]);
  for (std::uint32_t i = 0; i < 5; ++i) EXPECT_EQ(table.find(VerificationTag{7 + i * 0x1'0000}), &values[i]);
}

TEST(TagTable, StillFindsTheRestOfAProbeSequenceAfterARemoval) {
  TagTable<int> table;
  int values[5] = {};
  for (std::uint32_t i = 0; i < 5; ++i) table.insert(VerificationTag{15 + i * 0x1'0000}, &values[i]);
  table.erase(VerificationTag{15 + 0x1'0000});
  EXPECT_EQ(table.find(VerificationTag{15 + 0x1'0000}), nullptr);
  for (const std::uint32_t i : {0U, 2U, 3U, 4U})
    EXPECT_EQ(table.find(VerificationTag{15 + i * 0x1'0000}), &values[i]);
}

TEST(TagTable, GrowsAndLosesNothing) {
  TagTable<int> table;
  std::vector<int> values(3'000);
  std::mt19937 random(3);
  std::map<VerificationTag, int*> model;
  for (int& value : values) {
    const VerificationTag tag{static_cast<std::uint32_t>(random())};
    if (model.emplace(tag, &value).second) table.insert(tag, &value);
  }
  for (const auto& [tag, value] : model) ASSERT_EQ(table.find(tag), value);
}

TEST(TagTable, AgreesWithAMapWhileAssociationsComeAndGo) {
  TagTable<int> table;
  std::map<VerificationTag, int*> model;
  std::mt19937 random(9);
  int value = 0;
  for (int step = 0; step < 3'000; ++step) {
    const VerificationTag tag{static_cast<std::uint32_t>(random() % 64)};  // few tags, so that slots collide
    if (const auto at = model.find(tag); at != model.end()) {
      table.erase(tag);
      model.erase(at);
    } else {
      table.insert(tag, &value);
      model[tag] = &value;
    }
    const VerificationTag probe{static_cast<std::uint32_t>(random() % 64)};
    ASSERT_EQ(table.find(probe), model.contains(probe) ? &value : nullptr);
  }
}

}  // namespace
}  // namespace hawser::sctp::endpoint
