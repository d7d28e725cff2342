#include "base/platform/framed_child.hpp"

#include <gtest/gtest.h>
#include <signal.h>

#include "base/test_folder.hpp"

namespace ovenbird {
namespace {

using std::chrono::milliseconds;

// A program whose standard input is the socket, both ways.
FramedChild python(const std::string& body) {
    return FramedChild({"python3", "-c",
                        "import os, struct, sys, time\n"
                        "def take(count):\n"
                        "    data = b''\n"
                        "    while len(data) < count:\n"
                        "        part = os.read(0, count - len(data))\n"
                        "        if not part: sys.exit(0)\n"
                        "        data += part\n"
                        "    return data\n"
                        "def receive(): return take(struct.unpack('<I', take(4))[0])\n"
                        "def send(data): os.write(0, struct.pack('<I', len(data)) + data)\n" +
                            body});
}

constexpr milliseconds kLong{20000};

TEST(FramedChild, MessagesGoBothWaysWhole) {
    auto child = python("while True: send(receive()[::-1])");
    for (const std::string& text : {std::string("abc"), std::string(), std::string(1 << 20, 'x') + "y"}) {
        child.send(text);
        const auto back = child.receive(kLong);
        ASSERT_TRUE(back);
        EXPECT_EQ(*back, std::string(text.rbegin(), text.rend()));
    }
    EXPECT_FALSE(child.receive(milliseconds(10)));
    EXPECT_FALSE(child.has_ended());
    EXPECT_GT(child.anonymous_bytes(), 0U);
}

TEST(FramedChild, PiecesOfAMessageWaitForTheRest) {
    auto child = python(
        "os.write(0, b'\\x03\\0'); time.sleep(0.1); os.write(0, b'\\0\\0ab'); receive(); os.write(0, b'c')");
    EXPECT_FALSE(child.receive(milliseconds(400)));
    child.send("go on");
    EXPECT_EQ(child.receive(kLong), "abc");
}

TEST(FramedChild, AnEndIsToldWithItsReason) {
    auto exits = python("send(b'last'); sys.exit(3)");
    EXPECT_EQ(exits.receive(kLong), "last");
    EXPECT_NE(error_of(ErrorCode::io, [&] { exits.receive(kLong); }).find("exit status 3"),
              std::string::npos);
    error_of(ErrorCode::io, [&] { exits.send("x"); });
    auto killed = python("os.kill(os.getpid(), 11)");
    EXPECT_NE(error_of(ErrorCode::io, [&] { killed.receive(kLong); }).find("signal 11"), std::string::npos);
    EXPECT_TRUE(killed.has_ended());
}

TEST(FramedChild, GarbageIsRefusedBeforeItIsRead) {
    auto child = python("os.write(0, b'\\xff' * 100); time.sleep(60)");
    EXPECT_NE(error_of(ErrorCode::io, [&] { child.receive(kLong); }).find("longer than"), std::string::npos);
}

TEST(FramedChild, OneThatDoesNotReadIsToldFrom) {
    auto child = python("time.sleep(60)");
    const std::string large(16 << 20, 'x');
    EXPECT_NE(error_of(ErrorCode::io, [&] { child.send(large); }).find("not read"), std::string::npos);
}

TEST(FramedChild, EndsWithItsObject) {
    int64_t process = 0;
    {
        auto child = python("send(b'here'); time.sleep(60)");
        EXPECT_EQ(child.receive(kLong), "here");
        process = child.process();
    }
    EXPECT_NE(::kill(static_cast<pid_t>(process), 0), 0);
}

}  // namespace
}  // namespace ovenbird
