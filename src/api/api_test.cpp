#include <gtest/gtest.h>

#include <atomic>
#include <thread>

#include "base/json.hpp"
#include "base/test_folder.hpp"
#include "ovenbird/bake.hpp"
#include "ovenbird/session.hpp"

namespace ovenbird {
namespace {

const std::filesystem::path kTiny = std::filesystem::path(OVENBIRD_TESTDATA) / "tiny" / "llama_even_linear";

class LibraryTest : public testing::Test {
protected:
    void bake_tiny() {
#ifdef _WIN32
        // This system bakes nothing: another's build has baked it (see CMakeLists.txt).
        std::filesystem::copy(environment("OVENBIRD_BAKED_TINY").value_or("not set"), folder_ / "baked",
                              std::filesystem::copy_options::recursive);
#else
        BakeOptions options;
        options.source = kTiny;
        options.output = folder_ / "baked";
        const Baked baked = bake(options, nullptr);
        EXPECT_EQ(baked.folder, options.output);
        EXPECT_NE(baked.manifest.find("\"llama\""), std::string::npos);
#endif
    }
    Session open() const {
        SessionOptions options;
        options.devices = {"CPU"};
        return Session(folder_ / "baked", options);
    }
    TestFolder folder_;
};

const AskOptions kShort{.max_new_tokens = 12};

TEST_F(LibraryTest, BakesOpensAndChats) {
    bake_tiny();
    Session session = open();
    EXPECT_EQ(session.device(), "CPU");
    std::string streamed;
    const auto on_text = [&](const std::string& text) {
        streamed += text;
        return true;
    };
    const auto first = session.chat("a b", kShort, on_text);
    EXPECT_EQ(first.text, streamed);
    EXPECT_GT(first.prompt_tokens, 0);
    const auto second = session.chat("c", kShort);
    EXPECT_EQ(second.computed_prompt_tokens,
              second.prompt_tokens);  // its 64 positions are too few for a cache
    EXPECT_EQ(session.messages().size(), 4U);
    EXPECT_EQ(session.messages()[1].content, first.text);
    session.reset();
    EXPECT_TRUE(session.messages().empty());
    EXPECT_EQ(session.chat("a b", kShort).tokens, first.tokens);
    EXPECT_EQ(session.generate("a b", kShort).tokens, session.generate("a b", kShort).tokens);
    EXPECT_EQ(session.messages().size(), 2U);
}

TEST_F(LibraryTest, CancelFromAnotherThreadLeavesTheSessionUsable) {
    bake_tiny();
    Session session = open();
    const auto whole = session.generate("a b", {.max_new_tokens = 40});
    if (whole.finish_reason == FinishReason::stop) GTEST_FAIL() << "the tiny model ends its answer by itself";
    std::atomic<bool> speaks = false;
    std::atomic<bool> is_cancelled = false;
    std::thread other([&] {
        while (!speaks)
            std::this_thread::yield();
        session.cancel();
        is_cancelled = true;
    });
    const auto cut = session.generate("a b", {.max_new_tokens = 40}, [&](const std::string&) {
        speaks = true;
        while (!is_cancelled)
            std::this_thread::yield();
        return true;
    });
    other.join();
    EXPECT_EQ(cut.finish_reason, FinishReason::interrupted);
    EXPECT_LT(cut.tokens.size(), whole.tokens.size());
    EXPECT_EQ(session.generate("a b", {.max_new_tokens = 40}).tokens, whole.tokens);
}

// An answer that has a form takes a tokenizer whose tokens are pieces of text: tests/test_examples.py has
// one.
TEST_F(LibraryTest, FormsThatCannotBeFollowedAreRefused) {
    bake_tiny();
    Session session = open();
    AskOptions options;
    options.form.json_object = true;
    error_of(ErrorCode::unsupported, [&] { session.generate("a b", options); });
    options.form.regex = "a";
    error_of(ErrorCode::usage, [&] { session.generate("a b", options); });
    EXPECT_FALSE(session.generate("a b", kShort).tokens.empty());
}

TEST_F(LibraryTest, TwoSessionsInTwoThreads) {
    bake_tiny();
    Session one = open();
    Session two = open();
    const auto expected_one = one.generate("a b", kShort).tokens;
    const auto expected_two = two.generate("c d e", kShort).tokens;
    const auto repeat = [](Session& session, const char* text, const std::vector<int64_t>& expected) {
        for (int i = 0; i < 10; ++i)
            EXPECT_EQ(session.generate(text, kShort).tokens, expected);
    };
    std::thread thread([&] { repeat(one, "a b", expected_one); });
    repeat(two, "c d e", expected_two);
    thread.join();
}

TEST_F(LibraryTest, ABusySessionSaysSo) {
    bake_tiny();
    Session session = open();
    bool refused = false;
    session.generate("a b", kShort, [&](const std::string&) {
        std::thread([&] {
            error_of(ErrorCode::usage, [&] { session.chat("c"); });
            refused = true;
        }).join();
        return true;
    });
    EXPECT_TRUE(refused);
}

TEST_F(LibraryTest, ErrorsAndAReporterThatGivesUp) {
    error_of(ErrorCode::not_found, [&] { Session session(folder_ / "nothing"); });
    BakeOptions options;
    options.source = folder_ / "nothing";
    options.output = folder_ / "out";
#ifdef _WIN32
    error_of(ErrorCode::unsupported, [&] { bake(options, nullptr); });
#else
    error_of(ErrorCode::not_found, [&] { bake(options, nullptr); });

    class GivesUp : public SilentReporter {
        void begin(const std::string&, uint64_t, WorkUnit) override { throw std::runtime_error("enough"); }
    } reporter;
    options.source = kTiny;
    EXPECT_THROW(bake(options, &reporter), std::runtime_error);
    EXPECT_FALSE(std::filesystem::exists(options.output));
#endif
}

}  // namespace
}  // namespace ovenbird
