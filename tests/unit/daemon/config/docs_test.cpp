// docs/control.md names every field of `status --json`.
#include <gtest/gtest.h>

#include <boost/describe/members.hpp>
#include <boost/mp11/algorithm.hpp>
#include <fstream>
#include <iterator>
#include <string>

#include "control/message.hpp"
#include "hawser/sctp/drop_reason.hpp"
#include "tunnel/drops.hpp"

namespace hawser {
namespace {

std::string control_document() {
  std::ifstream in(HAWSER_SOURCE_DIR "/docs/control.md");
  return {std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
}

template <class T>
void expect_described(const std::string& document) {
  boost::mp11::mp_for_each<boost::describe::describe_members<T, boost::describe::mod_public>>(
      [&](auto member) {
        EXPECT_NE(document.find("`" + std::string(member.name) + "`"), std::string::npos) << member.name;
      });
}

TEST(ControlDocument, NamesEveryField) {
  const std::string document = control_document();
  expect_described<control::Status>(document);
  expect_described<control::Interface>(document);
  expect_described<control::MissingPiece>(document);
  expect_described<control::Uplink>(document);
  expect_described<control::Socket>(document);
  expect_described<control::Peer>(document);
  expect_described<control::Association>(document);
  expect_described<control::Security>(document);
  expect_described<control::Path>(document);
  expect_described<control::MissingPath>(document);
  expect_described<control::Quota>(document);
  expect_described<control::PathSetting>(document);
  expect_described<control::PathChange>(document);
}

TEST(ControlDocument, NamesEveryReasonOfADrop) {
  const std::string document = control_document();
  for (std::size_t i = 0; i < sctp::kDropReasons; ++i) {
    const auto name = to_string(static_cast<sctp::DropReason>(i));
    EXPECT_NE(document.find("| `" + std::string(name) + "` |"), std::string::npos) << name;
  }
  for (std::size_t i = 0; i < tunnel::kDrops; ++i) {
    const auto name = to_string(static_cast<tunnel::Drop>(i));
    EXPECT_NE(document.find("| `" + std::string(name) + "` |"), std::string::npos) << name;
  }
}

}  // namespace
}  // namespace hawser
