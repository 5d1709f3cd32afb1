#include "options.h"

#include <getopt.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace {

Options parse(std::vector<std::string> arguments) {
  arguments.insert(arguments.begin(), "cluster");
  std::vector<char*> argv;
  for (std::string& argument : arguments) argv.push_back(argument.data());
  argv.push_back(nullptr);
  optind = 0;  // getopt_long() starts anew; see its "Notes"
  return parse_options(static_cast<int>(arguments.size()), argv.data());
}

TEST(Options, AreOptional) {
  const Options options = parse({});
  EXPECT_GE(options.workers, 1);
  EXPECT_EQ(options.port, 8000);
}

TEST(Options, TakeTheirValueInBothForms) {
  EXPECT_EQ(parse({"--workers", "3"}).workers, 3);
  EXPECT_EQ(parse({"--port=0"}).port, 0);
}

TEST(Options, EndTheProcessWhenTheyAreWrong) {
  const auto is_usage_error = testing::ExitedWithCode(2);
  EXPECT_EXIT(parse({"--workers", "0"}), is_usage_error, "--workers '0': expected a number from 1");
  EXPECT_EXIT(parse({"--port", "65536"}), is_usage_error, "--port '65536': expected a number");
  EXPECT_EXIT(parse({"--port"}), is_usage_error, "'--port': no such option, or its value");
  EXPECT_EXIT(parse({"--frobnicate"}), is_usage_error, "'--frobnicate': no such option");
  EXPECT_EXIT(parse({"stray"}), is_usage_error, "'stray': unexpected argument");
}

TEST(Options, EndTheProcessAfterHelp) {
  EXPECT_EXIT(parse({"--help"}), testing::ExitedWithCode(0), "");
}

}  // namespace
