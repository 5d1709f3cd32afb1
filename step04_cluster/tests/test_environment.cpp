#include "environment.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <stdexcept>

namespace {

// How often NAME=value stands in `environment`, whatever the value.
long count_of(const std::vector<std::string>& environment, const std::string& name) {
  return std::count_if(environment.begin(), environment.end(), [&](const std::string& variable) {
    return variable.starts_with(name + "=");
  });
}

bool contains(const std::vector<std::string>& environment, const std::string& variable) {
  return std::find(environment.begin(), environment.end(), variable) != environment.end();
}

TEST(EnvironmentWith, AddsAndKeeps) {
  setenv("CLUSTER_TEST", "kept = kept", 1);
  const std::vector<std::string> environment = environment_with({{"A", "1"}, {"B", "2"}});
  EXPECT_TRUE(contains(environment, "A=1"));
  EXPECT_TRUE(contains(environment, "B=2"));
  EXPECT_TRUE(contains(environment, "CLUSTER_TEST=kept = kept"));
  EXPECT_EQ(std::getenv("A"), nullptr);
}

TEST(EnvironmentWith, Replaces) {
  setenv("CLUSTER_TEST", "old", 1);
  const std::vector<std::string> environment = environment_with({{"CLUSTER_TEST", "7"}});
  EXPECT_TRUE(contains(environment, "CLUSTER_TEST=7"));
  EXPECT_EQ(count_of(environment, "CLUSTER_TEST"), 1);
}

TEST(TakeNumber, ReturnsTheNumberAndRemovesTheVariable) {
  setenv("CLUSTER_TEST", "12", 1);
  EXPECT_EQ(take_number("CLUSTER_TEST"), 12);
  EXPECT_FALSE(std::getenv("CLUSTER_TEST")) << "it is still in the environment";
  EXPECT_EQ(take_number("CLUSTER_TEST"), 0);
}

TEST(TakeNumber, RefusesWhatIsNoNumber) {
  for (const char* value : {"", "0", "-1", "one", "1 ", "99999999999"}) {
    setenv("CLUSTER_TEST", value, 1);
    EXPECT_THROW(take_number("CLUSTER_TEST"), std::invalid_argument) << value;
    EXPECT_FALSE(std::getenv("CLUSTER_TEST")) << "'" << value << "' is still in the environment";
  }
}

}  // namespace
