#include "hawser/crypto/secret.hpp"

#include <gtest/gtest.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <sys/prctl.h>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <fstream>
#include <sstream>
#include <type_traits>
#include <utility>

#include "hawser/crypto/keys.hpp"
#include "hawser/crypto/random.hpp"
#include "unit/crypto/hex.hpp"

namespace hawser::crypto {
namespace {

using test::as_bytes;
using test::as_text;

static_assert(!std::is_copy_constructible_v<SecretBytes> && !std::is_copy_assignable_v<SecretBytes>);
static_assert(std::is_nothrow_move_constructible_v<SecretBytes> &&
              std::is_nothrow_move_assignable_v<SecretBytes>);

// The lines of /proc/self/smaps that describe the mapping of `address`.
std::string mapping_of(const void* address) {
  const auto number = reinterpret_cast<std::uintptr_t>(address);
  std::ifstream file("/proc/self/smaps");
  std::string out;
  bool inside = false;
  for (std::string line; std::getline(file, line);) {
    std::uintptr_t low = 0;
    std::uintptr_t high = 0;
    char dash = 0;
    std::istringstream range(line);
    if (range >> std::hex >> low >> dash >> high && dash == '-') inside = low <= number && number < high;
    if (inside) out += line + "\n";
  }
  return out;
}

TEST(SecretBytes, StartAsZerosAndHoldWhatIsWritten) {
  SecretBytes secret(40);
  EXPECT_TRUE(std::ranges::all_of(secret.view(), [](std::byte b) { return b == std::byte{}; }));
  secret.writable()[39] = std::byte{7};
  EXPECT_EQ(secret.view()[39], std::byte{7});
  EXPECT_TRUE(SecretBytes().empty());
}

TEST(SecretBytes, MoveLeavesNothingBehind) {
  SecretBytes first = SecretBytes::copy_of(as_bytes("correct horse"));
  SecretBytes second = std::move(first);
  EXPECT_TRUE(first.empty());  // NOLINT(bugprone-use-after-move)
  EXPECT_EQ(as_text(second.view()), "correct horse");
  SecretBytes third(5);
  third = std::move(second);
  EXPECT_EQ(as_text(third.view()), "correct horse");
}

TEST(SecretBytes, LieInMemoryThatNoCoreDumpContains) {
  const SecretBytes secret(32);
  const std::string mapping = mapping_of(secret.view().data());
  const auto flags = mapping.find("VmFlags:");
  ASSERT_NE(flags, std::string::npos) << mapping;
  EXPECT_NE(mapping.find(" dd", flags), std::string::npos) << mapping;
}

TEST(SecretBytes, AreWipedBeforeTheirMemoryIsUsedAgain) {
  const std::byte* block = nullptr;
  {
    const SecretBytes secret = SecretBytes::copy_of(as_bytes("thirty-two bytes of a secret key"));
    block = secret.view().data();
  }
  // The arena stays mapped: a later fault could read the bytes there. Its allocator keeps two pointers in the
  // first 16 bytes of a free block.
  const std::string left = as_text(Bytes(block + 16, 16));
  EXPECT_EQ(left, std::string(16, '\0'));
}

TEST(SecretBytes, WipeWhatShrinkingCutsOff) {
  SecretBytes secret = SecretBytes::copy_of(as_bytes("keep this, not that"));
  const std::byte* cut = secret.view().data() + 9;
  secret.shrink(9);
  EXPECT_EQ(as_text(secret.view()), "keep this");
  EXPECT_EQ(as_text(Bytes(cut, 10)), std::string(10, '\0'));
}

TEST(SecretBytes, AreThereEvenWhenTheLockedArenaIsFull) {
  std::vector<SecretBytes> many;
  for (int i = 0; i < 300; ++i) {
    many.emplace_back(4096);
    many.back().writable()[4095] = static_cast<std::byte>(i);
  }
  for (int i = 0; i < 300; ++i)
    EXPECT_EQ(many[static_cast<std::size_t>(i)].view()[4095], static_cast<std::byte>(i));
  EXPECT_EQ(mapping_of(many.back().view().data()).find(" dd"), std::string::npos)
      << "the arena was large enough: this test proves nothing";
}

// Runs in a fresh process, in which OpenSSL has not set up its random generator yet.
[[noreturn]] void use_openssl_beside_many_secrets() {
  std::vector<SecretBytes> many;
  for (int i = 0; i < 40'000; ++i) many.emplace_back(32);
  SystemRandom random;
  std::array<std::byte, 32> bytes{};
  random.fill(bytes);  // throws when OpenSSL gives none
  static_cast<void>(PrivateKey::generate(random));
  std::exit(0);
}

TEST(SecretBytes, LeaveOpensslRoomInTheLockedArena) {
  testing::GTEST_FLAG(death_test_style) = "threadsafe";
  EXPECT_EXIT(use_openssl_beside_many_secrets(), testing::ExitedWithCode(0), "");
}

TEST(Wipe, ZeroesEveryByte) {
  std::string text = "secret";
  wipe(std::as_writable_bytes(std::span(text)));
  EXPECT_EQ(text, std::string(6, '\0'));
}

// Reads freed memory on purpose.
[[gnu::no_sanitize_address]] int count_left(const volatile unsigned char* block, std::size_t from,
                                            std::size_t to) {
  int left = 0;
  for (std::size_t i = from; i < to; ++i) left += block[i] == 's' ? 1 : 0;
  return left;
}

// Exits with 0 when a block freed by OpenSSL contains no old data. The first bytes of a free block belong to
// the C library.
[[noreturn]] void check_that_openssl_frees_wiped_memory() {
  auto* block = static_cast<unsigned char*>(OPENSSL_malloc(200));
  std::fill_n(block, 200, static_cast<unsigned char>('s'));
  auto* grown = static_cast<unsigned char*>(OPENSSL_realloc(block, 5000));
  if (count_left(grown, 0, 200) != 200) std::exit(2);
  if (grown == block || count_left(block, 64, 200) != 0) std::exit(3);
  OPENSSL_free(grown);
  if (count_left(grown, 64, 200) != 0) std::exit(4);
  std::exit(0);
}

/// For a fresh process.
[[noreturn]] void check_that_openssl_wipes() {
  if (!wipe_freed_openssl_memory()) std::exit(1);
  check_that_openssl_frees_wiped_memory();
}

TEST(WipeFreedOpensslMemory, TakesEffectWhenCalledFirst) {
  testing::GTEST_FLAG(death_test_style) = "threadsafe";
  EXPECT_EXIT(check_that_openssl_wipes(), testing::ExitedWithCode(0), "");
}

TEST(WipeFreedOpensslMemory, RefusesWhenOpensslIsInUse) {
  OPENSSL_free(OPENSSL_malloc(1));
  EXPECT_FALSE(wipe_freed_openssl_memory());
}

/// For a fresh process: 0 when core dumps are off and OpenSSL's memory is wiped.
[[noreturn]] void check_that_the_process_is_protected() {
  if (!protect_process_memory()) std::exit(1);
  if (::prctl(PR_GET_DUMPABLE) != 0) std::exit(2);
  check_that_openssl_frees_wiped_memory();
}

TEST(ProtectProcessMemory, ForbidsCoreDumpsAndWipesWhatOpensslFrees) {
  testing::GTEST_FLAG(death_test_style) = "threadsafe";
  EXPECT_EXIT(check_that_the_process_is_protected(), testing::ExitedWithCode(0), "");
}

TEST(ProtectProcessMemory, FailsWhenOpensslIsInUse) {
  OPENSSL_free(OPENSSL_malloc(1));
  EXPECT_FALSE(protect_process_memory());
}

}  // namespace
}  // namespace hawser::crypto
