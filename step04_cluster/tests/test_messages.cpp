#include "ipc/messages.h"

#include <gtest/gtest.h>

#include <cerrno>
#include <stdexcept>

#include "decode_as.h"
#include "ipc/json_text.h"
#include "ipc/lines.h"
#include "ipc/newconn.h"

namespace ipc {
namespace {

// Lines recorded from Node 20.
constexpr const char* kQuery =
    R"({"cmd":"NODE_CLUSTER","act":"queryServer","index":0,"data":null,"address":null,"port":8000,)"
    R"("addressType":4,"backlog":0,"seq":1})";
constexpr const char* kRoundRobin =
    R"({"cmd":"NODE_CLUSTER","errno":null,"key":"null:8000:4:undefined:0","ack":1,"data":null,)"
    R"("sockname":{"address":"::","family":"IPv6","port":8000},"seq":0})";
constexpr const char* kShared =
    R"({"cmd":"NODE_HANDLE","type":"net.Native","msg":{"cmd":"NODE_CLUSTER","errno":0,)"
    R"("key":"null:8000:4:undefined:0","ack":1,"data":null,"seq":0}})";
constexpr const char* kNewConn =
    R"({"cmd":"NODE_HANDLE","type":"net.Native","msg":{"cmd":"NODE_CLUSTER","act":"newconn",)"
    R"("key":"null:8000:4:undefined:0","seq":7}})";
constexpr const char* kTaken = R"({"cmd":"NODE_CLUSTER","ack":7,"accepted":true,"seq":3})";

std::string nested(int depth) {
  return std::string(depth, '[') + std::string(depth, ']');
}

TEST(Decode, UnderstandsAQueryOfNode) {
  const auto message = decode_as<QueryServer>(kQuery);
  EXPECT_EQ(message.seq, 1);
  EXPECT_EQ(message.query.address, std::nullopt);
  EXPECT_EQ(message.query.port, 8000);
  EXPECT_EQ(message.query.address_type, "4");
  EXPECT_EQ(message.query.fd, std::nullopt);
}

TEST(Decode, UnderstandsTheAnswersOfNode) {
  const auto answer = decode_as<Reply>(kRoundRobin);
  EXPECT_EQ(answer.ack, 1);
  EXPECT_EQ(answer.error, 0);
  EXPECT_FALSE(answer.has_handle);
  EXPECT_EQ(answer.key, "null:8000:4:undefined:0");
  EXPECT_EQ(answer.name->address, "::");
  EXPECT_EQ(answer.name->port, 8000);

  EXPECT_TRUE(decode(kShared).has_handle);
  EXPECT_TRUE(decode_as<Reply>(kShared).has_handle);
  EXPECT_EQ(decode_as<Reply>(kShared).ack, 1);
  const char* const refused = R"({"cmd":"NODE_CLUSTER","errno":-98,"key":"k","ack":1,"seq":0})";
  EXPECT_EQ(decode_as<Reply>(refused).error, 98);
}

TEST(Decode, UnderstandsWhatComesForEachConnection) {
  EXPECT_EQ(decode_as<NewConn>(kNewConn).seq, 7);
  EXPECT_TRUE(decode(kNewConn).has_handle);
  EXPECT_EQ(decode_as<Reply>(kTaken).ack, 7);
  EXPECT_TRUE(decode_as<Reply>(kTaken).accepted);
}

TEST(Decode, DoesNotCareAboutTheOrderOfMembersOrSpaces) {
  const Message offer = decode(
      R"( {"type":"net.Native", "msg":{"seq":7,"key":"k","cmd":"NODE_CLUSTER","act":"newconn"},)"
      R"( "cmd":"NODE_HANDLE"} )");
  EXPECT_EQ(std::get<NewConn>(offer.body).key, "k");
  EXPECT_TRUE(offer.has_handle);
  const char* const refused = R"({"seq":1,"accepted":false,"ack":2,"cmd":"NODE_CLUSTER"})";
  EXPECT_FALSE(decode_as<Reply>(refused).accepted);
}

TEST(Decode, UnwrapsARepeatedHandle) {
  const Message message = decode(R"({"cmd":"NODE_HANDLE","msg":{"cmd":"NODE_HANDLE","msg":[1]}})");
  EXPECT_TRUE(message.has_handle);
  EXPECT_EQ(std::get<User>(message.body).json, "[1]");
}

TEST(Decode, TakesAnyJsonForAUsersMessage) {
  for (const char* text : {"1", "null", "true", "\"text\"", "[1,2]", R"({"a":1})",
                           R"({"cmd":"NODE_"})", R"({"cmd":"NODEX"})", R"({"cmd":7})"}) {
    EXPECT_EQ(decode_as<User>(text).json, text);
  }
}

TEST(Decode, KnowsWhatBelongsToTheChannelAndWhatToNodeAlone) {
  EXPECT_TRUE(is<HandleAck>(kHandleAck));
  EXPECT_TRUE(is<HandleNack>(kHandleNack));
  EXPECT_TRUE(is<HandleAck>(R"({ "cmd":"NODE_HANDLE_ACK" })"));
  EXPECT_TRUE(is<Unknown>(R"({"cmd":"NODE_FOO"})"));
}

TEST(Decode, RefusesWhatIsNoMessage) {
  for (const char* line : {"", "{", "hello", "{\"a\":}", "\xff", "[1] 2", "\xef\xbb\xbf{}"}) {
    EXPECT_THROW(decode(line), ProtocolError) << line;
  }
  EXPECT_THROW(decode(std::string_view("{}\0\"", 4)), ProtocolError)
      << "there is more behind the NUL";
}

QueryServer query_with(const std::string& member) {
  return decode_as<QueryServer>(R"({"cmd":"NODE_CLUSTER","act":"queryServer",)" + member + "}");
}

Reply reply_with(const std::string& member) {
  return decode_as<Reply>(R"({"cmd":"NODE_CLUSTER","ack":1,)" + member + "}");
}

TEST(Decode, TakesAMemberOfTheWrongTypeForOneThatIsMissing) {
  for (const char* value :
       {"\"x\"", "-1", "1.5", "[]", "{}", "null", "1e300", "99999999999999999999"}) {
    EXPECT_EQ(query_with(std::string("\"seq\":") + value).seq, -1) << value;
    EXPECT_EQ(query_with(std::string("\"ack\":") + value).seq, -1) << "it is no answer: " << value;
  }
  for (const char* value : {"7", "{}", "null"}) {
    EXPECT_EQ(reply_with(std::string("\"key\":") + value).key, "") << value;
  }
  EXPECT_EQ(query_with(R"("backlog":99999999999)").query.backlog, 0);
  EXPECT_EQ(reply_with(R"("sockname":{"port":"x"})").name->port, 0);
  EXPECT_TRUE(is<Unknown>(R"({"cmd":"NODE_CLUSTER","act":7})"));
}

TEST(Decode, KnowsAQueryThatMakesNoSense) {
  for (const char* member : {R"("port":"http")", R"("port":70000)", R"("port":1.5)",
                             R"("address":7)", R"("index":-1)", R"("fd":{})", R"("flags":"x")"}) {
    EXPECT_FALSE(query_with(member).query.makes_sense) << member;
  }
  EXPECT_TRUE(query_with(R"("backlog":-1)").query.makes_sense);
}

TEST(Decode, KnowsWhatJavaScriptTakesForFalse) {
  for (const char* value : {"false", "null", "0", "\"\""}) {
    EXPECT_FALSE(reply_with(std::string("\"accepted\":") + value).accepted) << value;
    EXPECT_EQ(reply_with(std::string("\"errno\":") + value).error, 0) << value;
  }
  for (const char* value : {"true", "1", "\"yes\"", "[]"}) {
    EXPECT_TRUE(reply_with(std::string("\"accepted\":") + value).accepted) << value;
    EXPECT_EQ(reply_with(std::string("\"errno\":") + value).error, EINVAL) << value;
  }
}

TEST(Decode, RefusesDeepNesting) {
  EXPECT_NO_THROW(decode(nested(100)));
  EXPECT_THROW(decode(nested(200)), ProtocolError);
  EXPECT_THROW(decode(nested(100000)), ProtocolError);
}

TEST(Line, AsksAsNodeAsks) {
  const Query query = {.port = 8000};
  EXPECT_EQ(line::query_server(query, 1),
            R"({"cmd":"NODE_CLUSTER","act":"queryServer","index":0,"data":null,"address":null,)"
            R"("port":8000,"addressType":4,"flags":0,"backlog":0,"seq":1})");
}

TEST(Line, NeverNamesADescriptorInAQuery) {
  EXPECT_EQ(line::query_server({}, 1).find("\"fd\""), std::string::npos);
}

TEST(Line, AnswersAsNodeAnswers) {
  const line::Answer answer = {.ack = 1, .key = "k", .name = SocketName{"127.0.0.1", 8000}};
  EXPECT_EQ(line::answer(answer, 5),
            R"({"cmd":"NODE_CLUSTER","errno":0,"key":"k","ack":1,"data":null,)"
            R"("sockname":{"address":"127.0.0.1","family":"IPv4","port":8000},"seq":5})");
  EXPECT_EQ(line::answer({.ack = 1, .error = 98, .key = "k"}, 5),
            R"({"cmd":"NODE_CLUSTER","errno":-98,"key":"k","ack":1,"data":null,"seq":5})");
}

TEST(Line, GivesBackTheDataOfTheFirstQuery) {
  const line::Answer answer = {.ack = 1, .key = "k", .data = R"({"ticketKeys":"ab"})"};
  EXPECT_NE(line::answer(answer, 1).find(R"("data":{"ticketKeys":"ab"})"), std::string::npos);
}

TEST(Line, OffersAsNodeOffers) {
  EXPECT_EQ(line::newconn(quoted("null:8000:4:undefined:0"), 7), kNewConn);
  EXPECT_EQ(line::accepted(7, true, 3), kTaken);
  EXPECT_EQ(line::accepted(7, false, 3),
            R"({"cmd":"NODE_CLUSTER","ack":7,"accepted":false,"seq":3})");
}

// What is written from a template is what the JSON library would have written.
TEST(Line, OffersWithAnyKey) {
  for (const char* key : {"plain", "with \"quotes\"", "with \\", "/run/\xc3\xa9.sock:-1", "\n"}) {
    const Message offer = decode(line::newconn(quoted(key), 7));
    EXPECT_EQ(std::get<NewConn>(offer.body).key, key);
    EXPECT_TRUE(offer.has_handle);
  }
}

TEST(HotMessages, AreRecognizedWithoutTheJsonLibrary) {
  for (const char* line : {kNewConn, kTaken, R"({"cmd":"NODE_HANDLE_ACK"})"}) {
    EXPECT_TRUE(decode_hot(line)) << line;
  }
}

TEST(HotMessages, AreNotSeenWhereThereIsNone) {
  const std::string offer = kNewConn;
  const std::string answer = kTaken;
  for (std::size_t size = 0; size < offer.size(); ++size) {
    EXPECT_FALSE(decode_hot(offer.substr(0, size)));
  }
  for (std::size_t size = 0; size < answer.size(); ++size) {
    EXPECT_FALSE(decode_hot(answer.substr(0, size)));
  }
  EXPECT_FALSE(decode_hot(offer + "}"));
  EXPECT_FALSE(decode_hot(answer + " "));
  EXPECT_FALSE(decode_hot(line::newconn(quoted("a\"b"), 7))) << "an escape is the library's affair";
}

TEST(Line, AUsersMessageIsOneLine) {
  EXPECT_EQ(line::user("{\n  \"a\": 1\n}"), "{   \"a\": 1 }");
  EXPECT_EQ(line::user(R"("a\nb")"), R"("a\nb")");
  EXPECT_THROW(line::user("{"), std::invalid_argument);
  EXPECT_THROW(line::user(""), std::invalid_argument);
  EXPECT_THROW(line::user(nested(200)), std::invalid_argument) << "nobody would take it";
}

TEST(Decode, TakesFalseForANumberThatIsNotThere) {
  const std::string query =
      R"({"cmd":"NODE_CLUSTER","act":"queryServer","backlog":false,"port":80})";
  EXPECT_EQ(decode_as<QueryServer>(query).query.backlog, 0);
}

TEST(Decode, HalfACharacterIsReplaced) {
  EXPECT_EQ(decode_as<User>(R"("\ud83d")").json, R"("\ufffd")");
  EXPECT_EQ(decode_as<User>(R"(["\ude00","\ud83d\ud83d\ude00","\ud83dx"])").json,
            R"(["\ufffd","\ufffd\ud83d\ude00","\ufffdx"])");
  EXPECT_EQ(decode_as<User>(R"("\ud83d\\ud83d")").json, R"("\ufffd\\ud83d")") << "one is no escape";
  EXPECT_THROW(decode(R"("\ud8)"), ProtocolError);
  EXPECT_THROW(decode(R"("\ud83d)"), ProtocolError);
}

TEST(Decode, PassesAUsersMessageOnAsItWasWritten) {
  for (const char* text :
       {R"( {"b" : 1.50, "a":[ ], "b":"\u0041"} )", "-0", "1E2", "\"\xc3\xa4\""}) {
    EXPECT_EQ(decode_as<User>(text).json, text);
  }
  EXPECT_EQ(decode_as<User>(R"({"cmd":"NODE_HANDLE","msg": [1, "}"] ,"type":"net.Native"})").json,
            R"([1, "}"])");
  EXPECT_EQ(decode_as<User>(R"({"cmd":"NODE_HANDLE"})").json, "null");
}

TEST(Decode, FindsMembersAsJavaScriptDoes) {
  EXPECT_TRUE(is<Online>(R"({"cmd":1,"\u0063md":"NODE_CLUSTER","act":"\u006fnline"})"));
  EXPECT_TRUE(is<User>(R"({"cmd":"NODE_CLUSTER","cmd":"mine"})"));
  EXPECT_TRUE(is<User>(R"({"a":{"cmd":"NODE_CLUSTER"},"b":"\"cmd\":"})"));
  EXPECT_TRUE(is<User>(R"([{"cmd":"NODE_CLUSTER"}])"));
}

}  // namespace
}  // namespace ipc
