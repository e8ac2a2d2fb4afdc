#include <gtest/gtest.h>

#include <vector>

#include "sctp/wire/sealed_chunk.hpp"

namespace hawser::sctp::wire {
namespace {

using ByteVector = std::vector<std::byte>;

TEST(ProtectionParameterOnTheWire, IsReadAsItWasWritten) {
  for (const crypto::CipherCosts costs :
       {crypto::CipherCosts{0, 0}, crypto::CipherCosts{434, 746}, crypto::CipherCosts{0xffff'ffff, 1}}) {
    ByteVector room(64);
    ByteWriter writer(room);
    ProtectionParameter{costs}.write(writer);
    EXPECT_EQ(writer.size(), 16U);
    const auto parameter = ParameterReader(writer.written()).next();
    ASSERT_TRUE(parameter && parameter->is(ParameterType::kProtection));
    const auto parsed = ProtectionParameter::parse(parameter->value);
    ASSERT_TRUE(parsed);
    EXPECT_EQ(parsed->costs, costs);
  }
}

TEST(ProtectionParameterOnTheWire, HasItsFieldsWhereTheProtocolPutsThem) {
  ByteVector room(16);
  ByteWriter writer(room);
  ProtectionParameter{{0x0102'0304, 0x0506'0708}}.write(writer);
  const std::array<int, 16> expected = {0x8f, 0x57, 0, 16, 1, 0, 0, 0, 1, 2, 3, 4, 5, 6, 7, 8};
  for (std::size_t i = 0; i < expected.size(); ++i)
    EXPECT_EQ(std::to_integer<int>(room[i]), expected[i]) << i;
}

TEST(ProtectionParameterOnTheWire, IsRefusedInOtherSizesAndVersions) {
  ByteVector value(12);
  value[0] = std::byte{1};
  EXPECT_TRUE(ProtectionParameter::parse(value));
  value[1] = value[2] = value[3] = std::byte{0xff};
  EXPECT_TRUE(ProtectionParameter::parse(value)) << "reserved bytes are ignored";
  for (const int version : {0, 2, 255}) {
    value[0] = static_cast<std::byte>(version);
    EXPECT_FALSE(ProtectionParameter::parse(value)) << version;
  }
  for (std::size_t size = 0; size < 20; ++size) {
    ByteVector other(size, std::byte{1});
    EXPECT_EQ(ProtectionParameter::parse(other).has_value(), size == 12) << size;
  }
}

ByteVector sealed_datagram(std::size_t size, const RecordHeader& header) {
  ByteVector datagram(size);
  CommonHeader{1, 2, VerificationTag{3}, 0}.store(datagram.data());
  write_record_header(datagram, header);
  return datagram;
}

TEST(RecordHeaderOnTheWire, IsReadAsItWasWritten) {
  for (const RecordHeader header :
       {RecordHeader{RecordPathId{0}, Epoch{0}, RecordSequence{0}},
        RecordHeader{RecordPathId{255}, Epoch{255}, kMaxRecordSequence},
        RecordHeader{RecordPathId{1}, Epoch{0}, RecordSequence{1}},
        RecordHeader{RecordPathId{0}, Epoch{1}, RecordSequence{std::uint64_t{1} << 47U}},
        RecordHeader{RecordPathId{0x12}, Epoch{0x34}, RecordSequence{0x5678'9abc'def0}}}) {
    for (const std::size_t size :
         {std::size_t{40}, std::size_t{44}, std::size_t{1472}, std::size_t{65'000}}) {
      const auto read = read_record_header(sealed_datagram(size, header));
      ASSERT_TRUE(read);
      EXPECT_EQ(read->path_id, header.path_id);
      EXPECT_EQ(read->epoch, header.epoch);
      EXPECT_EQ(read->sequence, header.sequence);
    }
  }
}

TEST(RecordHeaderOnTheWire, HasItsFieldsWhereTheProtocolPutsThem) {
  const ByteVector datagram =
      sealed_datagram(40, {RecordPathId{0xaa}, Epoch{0xbb}, RecordSequence{0x0102'0304'0506}});
  const std::array<int, 12> expected = {0x5e, 0, 0, 28, 0xaa, 0xbb, 1, 2, 3, 4, 5, 6};
  for (std::size_t i = 0; i < expected.size(); ++i)
    EXPECT_EQ(std::to_integer<int>(datagram[kCommonHeaderSize + i]), expected[i]) << i;
}

TEST(RecordHeaderOnTheWire, IsRefusedWhenTheChunkIsNotTheRestOfTheDatagram) {
  const ByteVector whole = sealed_datagram(80, {RecordPathId{1}, Epoch{2}, RecordSequence{3}});
  for (std::size_t size = 0; size <= 100; ++size) {
    ByteVector other = whole;
    other.resize(size);
    EXPECT_EQ(read_record_header(other).has_value(), size == 80) << size;
  }
  for (unsigned length = 0; length < 100; ++length) {
    ByteVector other = whole;
    store_be(other.data() + kCommonHeaderSize + 2, static_cast<std::uint16_t>(length));
    EXPECT_EQ(read_record_header(other).has_value(), length == 68) << length;
  }
}

TEST(RecordHeaderOnTheWire, IsRefusedWhenThereIsNoRoomForTheTag) {
  for (std::size_t size = kSealedHeadSize; size < 48; ++size)
    EXPECT_EQ(read_record_header(sealed_datagram(size, {})).has_value(), size >= 40) << size;
}

TEST(PathPreferenceOnTheWire, IsReadAsItWasWritten) {
  for (std::size_t role = 0; role < kPathRoles; ++role) {
    ByteVector room(PathPreferenceEntry::kSize);
    ByteWriter writer(room);
    PathPreferenceEntry{Epoch{3}, RecordPathId{200}, static_cast<PathRole>(role), 20'000'000}.write(writer);
    EXPECT_EQ(writer.size(), PathPreferenceEntry::kSize);
    const auto entry = PathPreferenceEntry::parse(room);
    ASSERT_TRUE(entry);
    EXPECT_EQ(entry->epoch, Epoch{3});
    EXPECT_EQ(entry->path_id, RecordPathId{200});
    EXPECT_EQ(entry->role, static_cast<PathRole>(role));
    EXPECT_EQ(entry->cap_bps, 20'000'000U);
  }
}

TEST(PathPreferenceOnTheWire, IsRefusedWhenThereIsNoSuchRoleOrTooFewBytes) {
  ByteVector bytes(PathPreferenceEntry::kSize);
  for (std::size_t role = kPathRoles; role < 256; ++role) {
    bytes[2] = static_cast<std::byte>(role);
    EXPECT_FALSE(PathPreferenceEntry::parse(bytes)) << role;
  }
  EXPECT_FALSE(PathPreferenceEntry::parse(ByteVector(PathPreferenceEntry::kSize - 1)));
  EXPECT_FALSE(PathPreferenceEntry::parse({}));
}

TEST(PathPreferenceOnTheWire, IsRefusedWithACapThatNoPathCouldKeep) {
  const auto taken = [](std::uint64_t cap) {
    ByteVector room(PathPreferenceEntry::kSize);
    ByteWriter writer(room);
    PathPreferenceEntry{Epoch{0}, RecordPathId{0}, PathRole::always, cap}.write(writer);
    return PathPreferenceEntry::parse(room).has_value();
  };
  EXPECT_TRUE(taken(0));
  EXPECT_FALSE(taken(1));
  EXPECT_FALSE(taken(kMinCap - 1));
  EXPECT_TRUE(taken(kMinCap));
  EXPECT_TRUE(taken(kMaxCap));
  EXPECT_FALSE(taken(kMaxCap + 1));
  EXPECT_FALSE(taken(~std::uint64_t{0}));
}

// A message of path preferences: version, size of an entry, and `rest` bytes after them.
ByteVector preferences(std::uint8_t version, std::uint8_t entry_size, std::size_t rest) {
  ByteVector message(PathPreferencesHead::kSize + rest);
  message[0] = static_cast<std::byte>(version);
  message[1] = static_cast<std::byte>(entry_size);
  return message;
}

TEST(PathPreferencesHeadOnTheWire, TakesEntriesOfALaterVersionThatOnlyAddsToThem) {
  EXPECT_EQ(PathPreferencesHead::parse(preferences(1, 12, 24))->entry_size, 12U);
  EXPECT_EQ(PathPreferencesHead::parse(preferences(1, 16, 32))->entry_size, 16U);
  EXPECT_TRUE(PathPreferencesHead::parse(preferences(1, 12, 0)));
}

TEST(PathPreferencesHeadOnTheWire, IsRefusedWhenVersionOrSizesMakeNoSense) {
  EXPECT_FALSE(PathPreferencesHead::parse({}));
  EXPECT_FALSE(PathPreferencesHead::parse(ByteVector(1, std::byte{1})));
  EXPECT_FALSE(PathPreferencesHead::parse(preferences(0, 12, 12)));
  EXPECT_FALSE(PathPreferencesHead::parse(preferences(2, 12, 12)));
  EXPECT_FALSE(PathPreferencesHead::parse(preferences(1, 0, 12)));
  EXPECT_FALSE(PathPreferencesHead::parse(preferences(1, 11, 11)));
  EXPECT_FALSE(PathPreferencesHead::parse(preferences(1, 12, 13)));
}

TEST(SealedDatagram, IsKnownByItsFirstChunk) {
  EXPECT_TRUE(is_sealed(sealed_datagram(40, {})));
  ByteVector datagram(13);
  EXPECT_FALSE(is_sealed(datagram)) << "DATA";
  datagram[12] = std::byte{0x5e};
  EXPECT_TRUE(is_sealed(datagram)) << "well formed or not";
  datagram.pop_back();
  EXPECT_FALSE(is_sealed(datagram)) << "a common header alone";
  EXPECT_FALSE(is_sealed({}));
}

}  // namespace
}  // namespace hawser::sctp::wire
