#include "hawser/tunnel/hello.hpp"

#include <gtest/gtest.h>

#include <span>

namespace hawser::tunnel {
namespace {

std::optional<std::string_view> parse(std::string_view text) {
  return parse_hello(std::as_bytes(std::span(text)));
}

TEST(Hello, RoundTrips) {
  const std::string text = make_hello("edge-1.example_org");
  EXPECT_EQ(parse(text), "edge-1.example_org");
}

TEST(Hello, AcceptsNothingButOneWellFormedName) {
  EXPECT_FALSE(parse(""));
  EXPECT_FALSE(parse("hawser/1 hello"));
  EXPECT_FALSE(parse("hawser/1 hello "));
  EXPECT_FALSE(parse("hawser/2 hello edge"));
  EXPECT_FALSE(parse("HAWSER/1 hello edge"));
  EXPECT_FALSE(parse("hawser/1 hello edge\n"));
  EXPECT_FALSE(parse("hawser/1 hello two names"));
  EXPECT_FALSE(parse(std::string_view("hawser/1 hello a\0b", 18)));
  EXPECT_FALSE(parse("hawser/1 hello " + std::string(65, 'a')));
  EXPECT_TRUE(parse("hawser/1 hello " + std::string(64, 'a')));
}

}  // namespace
}  // namespace hawser::tunnel
