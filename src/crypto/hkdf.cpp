#include "crypto/hkdf.hpp"

#include <algorithm>
#include <array>
#include <cassert>
#include <cstring>

#include "crypto/hmac.hpp"

namespace hawser::crypto {
namespace {

constexpr std::size_t kHashSize = std::tuple_size_v<Sha256Digest>;

}  // namespace

SecretBytes hkdf_extract(Bytes salt, Bytes input_key_material) {
  Sha256Digest digest = hmac_sha256(salt, std::array{input_key_material});
  SecretBytes key = SecretBytes::copy_of(digest);
  wipe(digest);
  return key;
}

SecretBytes hkdf_expand(Bytes pseudorandom_key, Bytes info, std::size_t size) {
  assert(size <= 255 * kHashSize);
  SecretBytes out(size);
  Sha256Digest block{};
  for (std::size_t done = 0, counter = 1; done < size; ++counter) {
    const std::byte number{static_cast<unsigned char>(counter)};
    const Bytes previous = Bytes(block).first(done == 0 ? 0 : kHashSize);
    block = hmac_sha256(pseudorandom_key, std::array{previous, info, Bytes(&number, 1)});
    const std::size_t part = std::min(kHashSize, size - done);
    std::memcpy(out.writable().data() + done, block.data(), part);
    done += part;
  }
  wipe(block);
  return out;
}

SecretBytes hkdf_expand_label(Bytes secret, std::string_view label, Bytes context, std::size_t size,
                              std::string_view prefix) {
  const std::size_t label_size = prefix.size() + label.size();
  assert(size <= 0xffff && label_size <= 255 && context.size() <= 255);
  std::array<std::byte, 2 + 1 + 255 + 1 + 255> info;
  ByteWriter writer(info);
  writer.u16(static_cast<std::uint16_t>(size));
  writer.u8(static_cast<std::uint8_t>(label_size));
  writer.bytes(std::as_bytes(std::span(prefix)));
  writer.bytes(std::as_bytes(std::span(label)));
  writer.u8(static_cast<std::uint8_t>(context.size()));
  writer.bytes(context);
  return hkdf_expand(secret, writer.written(), size);
}

}  // namespace hawser::crypto
