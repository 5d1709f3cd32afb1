#include "number.h"

#include <gtest/gtest.h>

#include <stdexcept>

namespace {

TEST(NumberIn, ReadsTheWholeText) {
  EXPECT_EQ(number_in("n", "0", 0, 9), 0);
  EXPECT_EQ(number_in("n", "65535", 0, 65535), 65535);
  EXPECT_EQ(number_in("n", "010", 0, 10), 10);
}

TEST(NumberIn, RefusesEverythingElse) {
  for (const char* text :
       {"", " 1", "1 ", "+1", "-1", "1x", "0x1", "1.0", "nan", "1e0", "99999999999", "10"}) {
    EXPECT_THROW(number_in("n", text, 0, 9), std::invalid_argument) << text;
  }
}

TEST(NumberIn, SaysWhatItExpected) {
  try {
    number_in("--port", "http", 0, 65535);
    FAIL() << "no exception";
  } catch (const std::invalid_argument& error) {
    EXPECT_STREQ(error.what(), "--port 'http': expected a number from 0 to 65535");
  }
}

}  // namespace
