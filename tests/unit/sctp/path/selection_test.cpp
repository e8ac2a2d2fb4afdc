#include "sctp/path/selection.hpp"

#include <gtest/gtest.h>

#include "unit/sctp/support/path_support.hpp"

namespace hawser::sctp::path {
namespace {

DataClass class_of(PathState state, PathRole role) {
  EndpointConfig config;
  CouplingGroup coupling;
  Path path(PathId(1), test::route_to(1, 1), state, test::kPeerWindow, config, coupling);
  path.own_role = role;
  return data_class(path);
}

TEST(Selection, AnActivePathHasTheClassOfItsRole) {
  EXPECT_EQ(class_of(PathState::active, PathRole::always), DataClass::always);
  EXPECT_EQ(class_of(PathState::active, PathRole::secondary), DataClass::secondary);
  EXPECT_EQ(class_of(PathState::active, PathRole::backup), DataClass::backup);
  EXPECT_EQ(class_of(PathState::active, PathRole::never), DataClass::none);
}

TEST(Selection, AFailedPathIsTheLastResortUnlessItsRoleExcludesIt) {
  for (const PathState state : {PathState::potentially_failed, PathState::inactive}) {
    for (const PathRole role : {PathRole::always, PathRole::secondary, PathRole::backup})
      EXPECT_EQ(class_of(state, role), DataClass::last_resort);
    EXPECT_EQ(class_of(state, PathRole::never), DataClass::none);
  }
}

TEST(Selection, APathThatIsNotValidatedNeverCarriesData) {
  for (const PathState state : {PathState::joining, PathState::unconfirmed})
    EXPECT_EQ(class_of(state, PathRole::always), DataClass::none);
}

TEST(Selection, TheLaterOfBothRolesCounts) {
  EndpointConfig config;
  CouplingGroup coupling;
  Path path(PathId(1), test::route_to(1, 1), PathState::active, test::kPeerWindow, config, coupling);
  path.own_role = PathRole::secondary;
  path.peer_role = PathRole::backup;
  EXPECT_EQ(data_class(path), DataClass::backup);
}

TEST(Selection, OnlyPathsInUseBoundTheSizeOfAMessage) {
  EXPECT_EQ(usage_rank(DataClass::always), usage_rank(DataClass::secondary));
  EXPECT_LT(usage_rank(DataClass::secondary), usage_rank(DataClass::backup));
  EXPECT_LT(usage_rank(DataClass::backup), usage_rank(DataClass::last_resort));
  EXPECT_LT(usage_rank(DataClass::last_resort), usage_rank(DataClass::none));
  EXPECT_TRUE(carries_data(DataClass::backup));
  EXPECT_FALSE(carries_data(DataClass::last_resort));
}

}  // namespace
}  // namespace hawser::sctp::path
