#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <functional>
#include <initializer_list>
#include <string_view>
#include <vector>

#include "sctp/wire/wire.hpp"

namespace hawser::sctp::wire::testing {

using ByteVector = std::vector<std::byte>;

inline ByteVector to_vector(Bytes bytes) {
  return {bytes.begin(), bytes.end()};
}
inline ByteVector bytes_of(std::initializer_list<int> values) {
  ByteVector out;
  for (const int value : values) out.push_back(static_cast<std::byte>(value));
  return out;
}
inline Bytes text(std::string_view chars) {
  return std::as_bytes(std::span(chars));
}
inline bool same(Bytes a, Bytes b) {
  return std::ranges::equal(a, b);
}

/// The bytes that `write` appends to a writer, in memory of exactly that size, so that a sanitizer detects a
/// read beyond the end.
inline ByteVector written(const std::function<void(ByteWriter&)>& write) {
  ByteVector room(65'536);
  ByteWriter writer(room);
  write(writer);
  EXPECT_TRUE(writer.ok());
  return to_vector(writer.written());
}
template <class T>
ByteVector serialised(const T& value) {
  return written([&](ByteWriter& writer) { value.write(writer); });
}

/// The only chunk in `bytes`.
inline ChunkView chunk_in(Bytes bytes) {
  ChunkReader reader(bytes, 0);
  const auto chunk = reader.next();
  EXPECT_TRUE(chunk.has_value()) << "no chunk at all";
  EXPECT_EQ(reader.offset(), bytes.size()) << "more than one chunk";
  return chunk.value_or(ChunkView{});
}
/// The only parameter or cause in `bytes`.
inline TlvView tlv_in(Bytes bytes) {
  TlvReader reader(bytes);
  const auto tlv = reader.next();
  EXPECT_TRUE(tlv.has_value()) << "no parameter at all";
  EXPECT_TRUE(reader.rest().empty()) << "more than one parameter";
  return tlv.value_or(TlvView{});
}

template <class T>
ParseError chunk_error(Bytes bytes) {
  const auto parsed = T::parse(chunk_in(bytes));
  EXPECT_TRUE(parsed.has_error()) << "parsed although it is invalid";
  return parsed.has_error() ? parsed.error() : ParseError{};
}
template <class T>
ParseError tlv_error(Bytes bytes) {
  const auto parsed = T::parse(tlv_in(bytes));
  EXPECT_TRUE(parsed.has_error()) << "parsed although it is invalid";
  return parsed.has_error() ? parsed.error() : ParseError{};
}

/// A chunk of each type with all its fields set.
struct Sample {
  std::string_view name;
  ByteVector bytes;
  std::size_t shortest;  ///< no chunk length below this is legal
};
std::vector<Sample> samples();

}  // namespace hawser::sctp::wire::testing
