#include <gtest/gtest.h>

#include <algorithm>
#include <set>

#include "sctp/wire/crc32c.hpp"
#include "unit/sctp/support/records.hpp"

namespace hawser::sctp::test {
namespace {

using crypto::Cipher;
using crypto::TlsRole;
using ByteVector = std::vector<std::byte>;

constexpr std::size_t kChecksumAt = 8;
constexpr std::size_t kLengthAt = 14;
constexpr std::size_t kEpochAt = 17;

TEST(RecordLayer, OpensInPlaceWhatItSealed) {
  for (const Cipher cipher : {Cipher::aes_128_gcm, Cipher::chacha20_poly1305}) {
    RecordEnds ends(true, cipher);
    for (std::size_t size = 0; size < 1500; size += 4) {
      ByteVector packet = ends.seal(size);
      ASSERT_EQ(packet.size(), size + wire::kCommonHeaderSize + wire::kSealedOverhead);
      const auto opened = ends.theirs.open(packet);
      ASSERT_TRUE(opened) << size;
      ASSERT_TRUE(std::ranges::equal(opened->packet, opened_packet(size))) << size;
      ASSERT_EQ(opened->packet.data(), packet.data() + wire::kRecordHeaderSize);
      ASSERT_EQ(opened->datagram_size, packet.size());
    }
  }
}

TEST(RecordLayer, ShowsNothingOfTheChunksOnTheWire) {
  RecordEnds ends;
  const ByteVector first = ends.seal(512);
  const ByteVector second = ends.seal(512);
  const ByteVector plain = unsealed_packet(512);
  std::size_t same_as_plain = 0;
  std::size_t same_as_each_other = 0;
  for (std::size_t i = wire::kSealedHeadSize; i < plain.size(); ++i) {
    same_as_plain += first[i] == plain[i] ? 1U : 0U;
    same_as_each_other += first[i] == second[i] ? 1U : 0U;
  }
  EXPECT_LT(same_as_plain, 32U) << "some of 528 bytes are equal by chance";
  EXPECT_LT(same_as_each_other, 32U);
}

TEST(RecordLayer, RefusesAnyAlteredBitAndThenStillTakesTheOriginal) {
  RecordEnds ends;
  const ByteVector original = ends.seal();
  for (std::size_t bit = 0; bit < 8 * original.size(); ++bit) {
    const std::size_t at = bit / 8;
    ByteVector altered = original;
    altered[at] ^= static_cast<std::byte>(1U << bit % 8);
    DropReason expected = DropReason::bad_record;
    if (at >= kChecksumAt && at < wire::kCommonHeaderSize) expected = DropReason::bad_checksum;
    if (at == kLengthAt || at == kLengthAt + 1) expected = DropReason::malformed_record;
    if (at == kEpochAt) expected = DropReason::unknown_epoch;
    ASSERT_EQ(ends.refusal(altered), expected) << "bit " << bit;
  }
  EXPECT_TRUE(ends.opens(original));
}

TEST(RecordLayer, RefusesEveryOtherSizeOfThePacket) {
  RecordEnds ends;
  const ByteVector original = ends.seal();
  for (std::size_t size = wire::kCommonHeaderSize; size < original.size() + 8; ++size) {
    if (size == original.size()) continue;
    ByteVector cut = original;
    cut.resize(size);
    ASSERT_EQ(ends.refusal(cut), DropReason::malformed_record) << size;
    if (size < wire::kSealedHeadSize) continue;
    // The same packet with a matching length field.
    store_be(cut.data() + kLengthAt, static_cast<std::uint16_t>(size - wire::kCommonHeaderSize));
    const bool whole = size >= wire::kSealedHeadSize + crypto::kAeadTagSize;
    ASSERT_EQ(ends.refusal(cut), whole ? DropReason::bad_record : DropReason::malformed_record) << size;
  }
  EXPECT_TRUE(ends.opens(original));
}

TEST(RecordLayer, RefusesRecordsOfOtherKeysAndCountsThem) {
  RecordEnds ends;
  security::RecordLayer elsewhere(true);
  elsewhere.install(Epoch{0}, keys_of(TlsRole::client, 0, 99));
  elsewhere.send_with(Epoch{0});
  path::RecordNumbers numbers;
  for (std::uint64_t i = 1; i <= 5; ++i) {
    ByteVector packet = unsealed_packet(64);
    ASSERT_TRUE(elsewhere.seal(packet, numbers));
    EXPECT_EQ(ends.refusal(packet), DropReason::bad_record);
    EXPECT_EQ(ends.theirs.usage().forgeries, i);
  }
  EXPECT_TRUE(ends.opens(ends.seal())) << "forged numbers are not recorded";
}

TEST(RecordLayer, RefusesItsOwnRecordsSentBack) {
  RecordEnds ends;
  ByteVector packet = ends.seal();
  const auto opened = ends.ours.open(packet);
  ASSERT_FALSE(opened);
  EXPECT_EQ(opened.error(), DropReason::bad_record);
}

TEST(RecordLayer, LeavesNoPlaintextOfARecordThatItRefused) {
  RecordEnds ends;
  ByteVector packet = ends.seal(256);
  packet.back() ^= std::byte{1};
  ASSERT_FALSE(ends.theirs.open(packet));
  const Bytes chunks = Bytes(packet).subspan(wire::kSealedHeadSize, 256);
  EXPECT_TRUE(std::ranges::all_of(chunks, [](std::byte b) { return b == std::byte{}; }));
}

// --- replay

TEST(RecordLayer, RefusesWhatItTookAlready) {
  RecordEnds ends;
  const ByteVector first = ends.seal();
  const ByteVector second = ends.seal();
  EXPECT_TRUE(ends.opens(second));
  EXPECT_TRUE(ends.opens(first));
  EXPECT_EQ(ends.refusal(first), DropReason::replayed_record);
  EXPECT_EQ(ends.refusal(second), DropReason::replayed_record);
  EXPECT_EQ(ends.theirs.usage().forgeries, 0U);
}

TEST(RecordLayer, TakesWhatIsLateAsLongAsItIsWithinTheWindow) {
  RecordEnds ends;
  const ByteVector too_late = ends.seal();
  const ByteVector just_in_time = ends.seal();
  for (std::uint64_t i = 2; i < security::ReplayWindow::kSize; ++i) static_cast<void>(ends.seal());
  EXPECT_TRUE(ends.opens(ends.seal()));
  EXPECT_EQ(ends.refusal(too_late), DropReason::replayed_record);
  EXPECT_TRUE(ends.opens(just_in_time));
}

TEST(RecordLayer, LetsNoForgedRecordMoveTheWindow) {
  RecordEnds ends;
  const ByteVector original = ends.seal();
  ByteVector ahead = original;
  ahead[18] = std::byte{0xff};  // the highest byte of the sequence
  EXPECT_EQ(ends.refusal(ahead), DropReason::bad_record);
  EXPECT_TRUE(ends.opens(original));
}

TEST(RecordLayer, ReportsWhichRecordIsTheNewestOfItsPath) {
  RecordEnds ends;
  path::RecordNumbers other;
  ByteVector first = ends.seal();
  ByteVector second = ends.seal();
  ByteVector elsewhere = ends.seal(other);
  EXPECT_TRUE(ends.theirs.open(second)->newest);
  EXPECT_FALSE(ends.theirs.open(first)->newest);
  EXPECT_TRUE(ends.theirs.open(elsewhere)->newest) << "each path has its own sequence";
}

TEST(RecordLayer, RemembersTheNoteOnEachPath) {
  RecordEnds ends;
  path::RecordNumbers other;
  ByteVector here = ends.seal();
  ByteVector there = ends.seal(other);
  security::PeerPath* const first = ends.theirs.open(here)->peer_path;
  first->path = PathId(7);
  EXPECT_EQ(ends.theirs.open(there)->peer_path->path, kNoPath);
  ByteVector again = ends.seal();
  EXPECT_EQ(ends.theirs.open(again)->peer_path, first);
}

TEST(RecordLayer, KnowsAPathIdOfTheOtherEndOnceARecordOfItWasOpened) {
  RecordEnds ends;
  ByteVector packet = ends.seal();
  EXPECT_EQ(ends.theirs.peer_path(Epoch{0}, RecordPathId{0}), nullptr);
  security::PeerPath* const opened = ends.theirs.open(packet)->peer_path;
  EXPECT_EQ(ends.theirs.peer_path(Epoch{0}, RecordPathId{0}), opened);
  EXPECT_EQ(ends.theirs.peer_path(Epoch{0}, RecordPathId{1}), nullptr) << "another path";
  EXPECT_EQ(ends.theirs.peer_path(Epoch{1}, RecordPathId{0}), nullptr) << "another epoch";
  EXPECT_EQ(ends.path.epoch, Epoch{0});
  ends.install(1);
  packet = ends.seal();
  EXPECT_EQ(ends.path.epoch, Epoch{1});
}

// --- epochs

TEST(RecordLayer, OpensNothingWithoutKeysAndSealsNothing) {
  RecordEnds ends;
  security::RecordLayer empty(true);
  EXPECT_FALSE(empty.can_send());
  ByteVector packet = ends.seal();
  EXPECT_EQ(empty.open(packet).error(), DropReason::unknown_epoch);
}

TEST(RecordLayer, OpensRecordsOfThreeEpochsAtATimeAndNoMore) {
  RecordEnds ends;
  path::RecordNumbers path0;
  path::RecordNumbers path1;
  path::RecordNumbers path2;
  const ByteVector old = ends.seal(path0);
  const ByteVector late = ends.seal(path0);
  ends.install(1);
  const ByteVector middle = ends.seal(path1);
  ends.install(2);
  const ByteVector recent = ends.seal(path2);
  for (const ByteVector* packet : {&recent, &old, &middle}) EXPECT_TRUE(ends.opens(*packet));
  EXPECT_TRUE(ends.theirs.has_old());
  ends.install(3);
  EXPECT_EQ(ends.refusal(late), DropReason::unknown_epoch) << "the oldest of four is gone";
  EXPECT_EQ(ends.refusal(middle), DropReason::replayed_record) << "the others still know their records";
  EXPECT_EQ(ends.refusal(recent), DropReason::replayed_record);
}

TEST(RecordLayer, DropsAllKeysOlderThanThoseItSealsWith) {
  RecordEnds ends;
  const ByteVector old = ends.seal();
  ends.install(1);
  const ByteVector present = ends.seal();
  ends.theirs.install(Epoch{2}, keys_of(TlsRole::server, 2, 2));  // under negotiation
  EXPECT_TRUE(ends.theirs.has_old());
  ends.theirs.drop_old();
  EXPECT_FALSE(ends.theirs.has_old());
  EXPECT_EQ(ends.refusal(old), DropReason::unknown_epoch);
  EXPECT_TRUE(ends.opens(present));
  ends.ours.install(Epoch{2}, keys_of(TlsRole::client, 2, 2));
  ends.ours.send_with(Epoch{2});
  EXPECT_TRUE(ends.opens(ends.seal())) << "newer keys stay";
}

TEST(RecordLayer, RefusesARecordUnderTheNameOfAnotherEpoch) {
  RecordEnds ends;
  const ByteVector old = ends.seal();
  ends.install(1);
  ByteVector renamed = old;
  renamed[kEpochAt] = std::byte{1};
  EXPECT_EQ(ends.refusal(renamed), DropReason::bad_record);
  renamed[kEpochAt] = std::byte{2};
  EXPECT_EQ(ends.refusal(renamed), DropReason::unknown_epoch);
  EXPECT_TRUE(ends.opens(old));
}

TEST(RecordLayer, SealsWithOldKeysUntilTheNewOnesAreSelected) {
  RecordEnds ends;
  ends.ours.install(Epoch{1}, keys_of(TlsRole::client, 1, 1));
  EXPECT_EQ(ends.ours.sending_epoch(), Epoch{0});
  EXPECT_TRUE(ends.opens(ends.seal()));
  ends.ours.send_with(Epoch{1});
  EXPECT_EQ(ends.ours.sending_epoch(), Epoch{1});
  EXPECT_EQ(ends.refusal(ends.seal()), DropReason::unknown_epoch)
      << "the other end does not have these keys yet";
}

// --- numbers

TEST(RecordLayer, GivesEachPathItsOwnIdAndNoneTwiceWithinAnEpoch) {
  RecordEnds ends;
  std::vector<path::RecordNumbers> paths(257);
  std::set<RecordPathId> ids;
  for (std::size_t i = 0; i < 256; ++i) {
    ASSERT_FALSE(ends.seal(paths[i]).empty()) << i;
    ids.insert(paths[i].id);
    ASSERT_EQ(ends.ours.usage().path_ids, i + 1);
  }
  EXPECT_EQ(ids.size(), 256U);
  EXPECT_TRUE(ends.seal(paths[256]).empty()) << "there are 256";
  EXPECT_TRUE(ends.opens(ends.seal(paths[255]))) << "paths with an id still work";
  EXPECT_TRUE(ends.opens(ends.seal(paths[0])));
  ends.install(1);
  EXPECT_TRUE(ends.opens(ends.seal(paths[256]))) << "new keys, new ids";
  EXPECT_EQ(ends.ours.usage().path_ids, 1U);
}

TEST(RecordLayer, GivesAPathThatComesBackInTheSameEpochAnotherId) {
  RecordEnds ends;
  static_cast<void>(ends.seal());
  const RecordPathId before = ends.path.id;
  ends.path = {};
  static_cast<void>(ends.seal());
  EXPECT_NE(ends.path.id, before);
}

TEST(RecordLayer, SealsUpToTheLastSequenceNumberAndThenNoMore) {
  RecordEnds ends;
  static_cast<void>(ends.seal());
  ends.path.next_sequence = RecordSequence{wire::kMaxRecordSequence.value() - 1};
  EXPECT_TRUE(ends.opens(ends.seal()));
  const ByteVector last = ends.seal();
  EXPECT_EQ(wire::read_record_header(last)->sequence, wire::kMaxRecordSequence);
  EXPECT_TRUE(ends.opens(last));
  EXPECT_TRUE(ends.seal().empty());
  EXPECT_TRUE(ends.seal().empty());
  ends.install(1);
  EXPECT_TRUE(ends.opens(ends.seal()));
  EXPECT_EQ(ends.path.next_sequence, RecordSequence{1});
}

TEST(RecordLayer, CountsTheDirectionThatWasUsedMore) {
  RecordEnds ends;
  for (int i = 0; i < 3; ++i) EXPECT_TRUE(ends.opens(ends.seal(100)));
  const std::size_t size = 100 + wire::kCommonHeaderSize + wire::kSealedOverhead;
  EXPECT_EQ(ends.ours.usage().packets, 3U) << "sealed";
  EXPECT_EQ(ends.theirs.usage().packets, 3U) << "opened";
  EXPECT_EQ(ends.ours.usage().bytes, 3 * size);
  EXPECT_EQ(ends.theirs.usage().bytes, 3 * size);
  ends.install(1);
  EXPECT_EQ(ends.ours.usage().packets, 0U) << "counts the keys in use only";
}

// --- checksum

TEST(RecordLayer, LeavesTheChecksumZeroOnlyTowardsWhoTakesThat) {
  for (const bool zero : {true, false}) {
    RecordEnds ends(zero);
    const ByteVector packet = ends.seal();
    EXPECT_EQ(load_be<std::uint32_t>(packet.data() + kChecksumAt) == 0, zero);
    EXPECT_EQ(wire::checksum_ok(packet), !zero);
    EXPECT_TRUE(ends.opens(packet));
  }
}

TEST(RecordLayer, TakesAPacketWithAndWithoutChecksumWhateverItSendsItself) {
  RecordEnds with(false);
  RecordEnds without(true);
  EXPECT_TRUE(with.opens(without.seal()));
  EXPECT_TRUE(without.opens(with.seal()));
}

TEST(RecordLayer, RefusesAWrongChecksumBeforeItDecrypts) {
  RecordEnds ends(false);
  ByteVector packet = ends.seal();
  packet[kChecksumAt] ^= std::byte{0x10};
  packet.back() ^= std::byte{1};
  EXPECT_EQ(ends.refusal(packet), DropReason::bad_checksum);
  EXPECT_EQ(ends.theirs.usage().forgeries, 0U);
}

TEST(RecordLayer, TrustsNoRecordForTheSakeOfItsChecksum) {
  RecordEnds ends(false);
  ByteVector packet = ends.seal();
  packet[wire::kSealedHeadSize] ^= std::byte{1};
  wire::seal_checksum(packet);
  EXPECT_EQ(ends.refusal(packet), DropReason::bad_record);
  EXPECT_EQ(ends.theirs.usage().forgeries, 1U);
}

}  // namespace
}  // namespace hawser::sctp::test
