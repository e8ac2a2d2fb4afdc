#pragma once

#include <gtest/gtest.h>

#include <fstream>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "crypto/aead.hpp"
#include "hawser/crypto/keys.hpp"
#include "unit/crypto/hex.hpp"

namespace hawser::crypto::test {

using Fields = std::map<std::string, std::string>;

/// Reads a file of tests/unit/crypto/vectors/: blocks of "name = value" lines, separated by blank lines.
inline std::vector<Fields> read_vectors(const std::string& name) {
  std::ifstream file(HAWSER_VECTORS "/" + name);
  EXPECT_TRUE(file.is_open()) << name;
  std::vector<Fields> blocks(1);
  for (std::string line; std::getline(file, line);) {
    if (line.starts_with('#')) continue;
    if (line.empty()) {
      if (!blocks.back().empty()) blocks.emplace_back();
      continue;
    }
    const auto sign = line.find(" =");
    blocks.back()[line.substr(0, sign)] = line.size() > sign + 3 ? line.substr(sign + 3) : "";
  }
  return blocks;
}

inline std::optional<PresharedKey> preshared_key(const Fields& fields) {
  const std::string& hex = fields.at("preshared_key");
  if (hex.empty()) return std::nullopt;
  return PresharedKey::from_bytes(from_hex(hex));
}

inline Cipher cipher(const Fields& fields, const std::string& field = "cipher") {
  return fields.at(field) == "aes-128-gcm" ? Cipher::aes_128_gcm : Cipher::chacha20_poly1305;
}

inline std::uint64_t number(const Fields& fields, const std::string& field) {
  return std::stoull(fields.at(field));
}

}  // namespace hawser::crypto::test
