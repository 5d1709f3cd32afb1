// What it costs to read a message: it grows with its length, and no faster.
#include <gtest/gtest.h>

#include <algorithm>
#include <ctime>
#include <string>

#include "decode_as.h"
#include "ipc/lines.h"
#include "ipc/messages.h"
#include "supervisor/agent.h"

namespace ipc {
namespace {

// So many members, between `head` and `tail`.
std::string with_members(int count, const std::string& head, const std::string& tail) {
  std::string text = head;
  for (int i = 0; i < count; ++i) text += "\"k" + std::to_string(i) + "\":1,";
  return text + "\"end\":1" + tail;
}

double cpu_seconds() {
  return static_cast<double>(std::clock()) / CLOCKS_PER_SEC;
}

// What messages with so many members cost, wherever they stand.
double cost_of(int members) {
  const std::string user = with_members(members, "{", "}");
  const std::string query = R"({"cmd":"NODE_CLUSTER","act":"queryServer","seq":1,"data":)";
  const std::string online = with_members(members, R"({"cmd":"NODE_CLUSTER","act":"online",)", "}");
  const double begin = cpu_seconds();
  EXPECT_EQ(decode_as<User>(user).json, user);
  EXPECT_EQ(decode_as<User>(R"({"cmd":"NODE_HANDLE","msg":)" + user + "}").json, user);
  EXPECT_TRUE(is<Online>(online));
  EXPECT_EQ(decode_as<QueryServer>(query + user + "}").query.data, user);
  EXPECT_GT(line::answer({.ack = 1, .key = "k", .data = user}, 1).size(), user.size());
  EXPECT_EQ(line::user(user), user);
  EXPECT_FALSE(supervisor::read_pong(user));
  return cpu_seconds() - begin;
}

// In a list that is searched for each member, ten times as many cost a hundred times as much.
TEST(Decode, TakesNoLongerForManyMembersThanTheirLength) {
  const double few = std::min({cost_of(3'000), cost_of(3'000), cost_of(3'000)});
  EXPECT_LT(cost_of(30'000), 40 * few);
}

TEST(Decode, TakesNoLongerForARepeatedHandleThanItsLength) {
  std::string message = '"' + std::string(1 << 20, 'x') + '"';
  for (int i = 0; i < 90; ++i) message = R"({"cmd":"NODE_HANDLE","msg":)" + message + "}";
  const double begin = cpu_seconds();
  EXPECT_TRUE(is<Unknown>(message)) << "Node repeats no message so often";
  EXPECT_LT(cpu_seconds() - begin, 4);
}

}  // namespace
}  // namespace ipc
