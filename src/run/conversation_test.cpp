#include "run/conversation.hpp"

#include <gtest/gtest.h>

#include <optional>

#include "base/test_folder.hpp"
#include "run/test_byte_tokenizer.hpp"

namespace ovenbird {
namespace {

constexpr int64_t kEnd = 256;

// Spells the same answer to every prompt, keeps tokens as a cache does, and breaks down when it is told to.
class KeepingEngine : public Engine {
public:
    KeepingEngine(std::string answer, int64_t window) : answer_(std::move(answer)) {
        describe({.window_tokens = window, .vocab_size = 300, .device = "SCRIPT"});
    }
    Progress compute(const Request& request) override {
        const auto ids = request.ids;
        if (calls_left && (*calls_left)-- == 0) {
            calls_left.reset();
            fail(ErrorCode::device, "the device is gone");
        }
        const bool goes_on =
            ids.size() == last.size() + 1 && std::equal(last.begin(), last.end(), ids.begin());
        if (!goes_on) prompt.assign(ids.begin(), ids.end());
        const size_t said = ids.size() - prompt.size();
        last.assign(ids.begin(), ids.end());
        logits_.assign(300, 0.0F);
        logits_[said < answer_.size() ? static_cast<unsigned char>(answer_[said]) : kEnd] = 1.0F;
        const auto count = static_cast<int64_t>(ids.size());
        return {request.kept, count, count, logits_};
    }
    std::vector<int64_t> prompt;
    std::vector<int64_t> last;
    std::optional<int64_t> calls_left;

private:
    std::string answer_;
    std::vector<float> logits_;
};

bool go_on(const std::string&) {
    return true;
}

class ConversationTest : public testing::Test {
protected:
    ConversationTest() {
        write_file(folder_ / "tokenizer.json", byte_tokenizer(true).dump());
        write_file(folder_ / "tokenizer_config.json", R"({"eos_token": "<end>"})");
        tokenizer_.emplace(Tokenizer::load(folder_.path()));
    }
    std::string text_of(const std::vector<int64_t>& ids) const { return tokenizer_->decode(ids, false); }

    TestFolder folder_;
    std::optional<Tokenizer> tokenizer_;
    ChatTemplate chat_{
        "{% for m in messages %}[{{ m.role[0] }}:{{ m.content }}<end>]{% endfor %}"
        "{% if add_generation_prompt %}[a:{% endif %}",
        "", "<end>"};
};

TEST_F(ConversationTest, ALaterTurnCostsItsNewTokensOnly) {
    // As the model spells it, "abc" has three tokens; encoded again it would have two.
    KeepingEngine engine("abc", 500);
    Conversation talk(engine, *tokenizer_, chat_, ContextPolicy::error);
    talk.set_system("ab");
    const Reply first = talk.say("hello", {}, go_on);
    EXPECT_EQ(first.answer.text, "abc");
    EXPECT_EQ(text_of(engine.prompt), "[s:ab<end>][u:hello<end>][a:");
    EXPECT_EQ(first.computed_prompt_tokens, first.answer.prompt_tokens);
    for (int turn = 0; turn < 5; ++turn) {
        const std::vector<int64_t> before = engine.last;
        const Reply next = talk.say("again", {}, go_on);
        EXPECT_EQ(next.answer.text, "abc");
        ASSERT_GT(engine.prompt.size(), before.size());
        EXPECT_TRUE(std::equal(before.begin(), before.end(), engine.prompt.begin()));
        EXPECT_TRUE(text_of(engine.prompt).ends_with("[a:abc<end>][u:again<end>][a:"));
        EXPECT_EQ(next.computed_prompt_tokens, 15);  // <end> ] [ u : a g a i n <end> ] [ a :
        EXPECT_EQ(next.computed_prompt_tokens, static_cast<int64_t>(engine.prompt.size() - before.size()));
    }
    EXPECT_EQ(talk.messages().size(), 13U);
    EXPECT_EQ(talk.used_tokens(), static_cast<int64_t>(engine.last.size()));
}

TEST_F(ConversationTest, WhatATemplateMakesOfAnAnswerIsWhatIsSent) {
    const ChatTemplate trims(
        "{% for m in messages %}[{{ m.content | trim }}]{% endfor %}{% if add_generation_prompt %}[{% endif "
        "%}",
        "", "<end>");
    KeepingEngine engine("  abc ", 500);
    Conversation talk(engine, *tokenizer_, trims, ContextPolicy::error);
    EXPECT_EQ(talk.say("q", {}, go_on).answer.text, "  abc ");
    talk.say("r", {}, go_on);
    EXPECT_EQ(text_of(engine.prompt), "[q][abc][r][");
    // A stop string does not show, and is not sent either.
    KeepingEngine talker("abc STOP now", 500);
    Conversation stopped(talker, *tokenizer_, chat_, ContextPolicy::error);
    AnswerOptions options;
    options.stop = {"STOP"};
    EXPECT_EQ(stopped.say("q", options, go_on).answer.text, "abc ");
    stopped.say("r", options, go_on);
    EXPECT_EQ(text_of(engine.prompt), "[q][abc][r][");
    EXPECT_EQ(text_of(talker.prompt), "[u:q<end>][a:abc <end>][u:r<end>][a:");
}

TEST_F(ConversationTest, FiftyTurnsUnderShift) {
    KeepingEngine engine("an answer", 128);
    Conversation talk(engine, *tokenizer_, chat_, ContextPolicy::shift);
    talk.set_system("sys");
    int shifts = 0;
    for (int turn = 0; turn < 50; ++turn) {
        const Reply reply = talk.say("message " + std::to_string(turn), {}, go_on);
        EXPECT_EQ(reply.answer.text, "an answer") << turn;
        const std::string prompt = text_of(engine.prompt);
        // Whole turns behind the system message, the newest last.
        EXPECT_TRUE(prompt.starts_with("[s:sys<end>][u:message ")) << prompt;
        EXPECT_TRUE(prompt.ends_with("[u:message " + std::to_string(turn) + "<end>][a:")) << prompt;
        if (reply.dropped_turns > 0)
            ++shifts;
        else
            EXPECT_TRUE(turn == 0 || reply.computed_prompt_tokens < 24) << turn;
    }
    EXPECT_GT(shifts, 10);
    EXPECT_LT(shifts, 40);  // not at every turn
    EXPECT_EQ(talk.messages().size(), 101U);
}

TEST_F(ConversationTest, AMessageThatDoesNotFitChangesNothing) {
    for (const auto policy : {ContextPolicy::error, ContextPolicy::shift}) {
        KeepingEngine engine("fine", 100);
        Conversation talk(engine, *tokenizer_, chat_, policy);
        talk.say("hi", {}, go_on);
        const auto messages = talk.messages();
        const int64_t computed = engine.computed_tokens();
        const auto said = error_of(ErrorCode::usage, [&] { talk.say(std::string(120, 'x'), {}, go_on); });
        EXPECT_NE(said.find("100"), std::string::npos) << said;
        error_of(ErrorCode::usage, [&] { talk.say("", {}, go_on); });
        EXPECT_EQ(engine.computed_tokens(), computed);
        EXPECT_EQ(talk.messages().size(), messages.size());
        EXPECT_EQ(talk.say("again", {}, go_on).answer.text, "fine");
        EXPECT_TRUE(text_of(engine.prompt).starts_with("[u:hi<end>][a:fine<end>][u:again"));
    }
}

TEST_F(ConversationTest, AFullContextIsToldOrShifted) {
    KeepingEngine engine("fine", 100);
    Conversation strict(engine, *tokenizer_, chat_, ContextPolicy::error);
    strict.say(std::string(40, 'x'), {}, go_on);
    const auto said = error_of(ErrorCode::usage, [&] { strict.say(std::string(40, 'y'), {}, go_on); });
    EXPECT_NE(said.find("context policy shift"), std::string::npos) << said;
    EXPECT_EQ(strict.messages().size(), 2U);
    Conversation shifting(engine, *tokenizer_, chat_, ContextPolicy::shift);
    shifting.say(std::string(40, 'x'), {}, go_on);
    EXPECT_EQ(shifting.say(std::string(40, 'y'), {}, go_on).dropped_turns, 1);
    EXPECT_EQ(text_of(engine.prompt), "[u:" + std::string(40, 'y') + "<end>][a:");
    // One that leaves less than the usual room is answered as far as there is room.
    const auto cut = shifting.say(std::string(91, 'z'), {}, go_on);
    EXPECT_EQ(cut.answer.generation.reason, FinishReason::length);
}

TEST_F(ConversationTest, CancelledAtEveryToken) {
    const std::string answer = "Grüße 🦜!";
    for (size_t most = 1; most <= answer.size() + 1; ++most) {
        KeepingEngine engine(answer, 400);
        Conversation talk(engine, *tokenizer_, chat_, ContextPolicy::shift);
        talk.say("hi", {}, go_on);
        size_t heard = 0;
        const Reply cut = talk.say("more", {}, [&](const std::string&) { return ++heard < most; });
        const bool whole = most > answer.size();
        EXPECT_EQ(cut.answer.generation.reason, whole ? FinishReason::stop : FinishReason::interrupted);
        EXPECT_TRUE(whole || cut.answer.generation.tokens.size() == most);
        EXPECT_EQ(talk.messages().size(), 4U);
        EXPECT_EQ(talk.messages().back().content, cut.answer.text);
        const Reply next = talk.say("and now", {}, go_on);
        EXPECT_EQ(next.answer.text, answer);
        EXPECT_EQ(text_of(engine.prompt), "[u:hi<end>][a:" + answer + "<end>][u:more<end>][a:" +
                                              cut.answer.text + "<end>][u:and now<end>][a:");
    }
}

TEST_F(ConversationTest, CancelledBeforeAWordNothingIsKept) {
    AnswerOptions options;
    options.stop = {"aaa"};  // holds back what is said
    KeepingEngine engine("\xf0\x9f\xa6\x9c", 400);
    Conversation talk(engine, *tokenizer_, chat_, ContextPolicy::shift);
    int heard = 0;
    const Reply cut = talk.say("hi", options, [&](const std::string&) { return ++heard > 1; });
    EXPECT_EQ(cut.answer.generation.reason, FinishReason::interrupted);
    EXPECT_EQ(talk.messages().size(), cut.answer.text.empty() ? 0U : 2U);
    EXPECT_EQ(talk.say("hi", {}, go_on).answer.text, "\xf0\x9f\xa6\x9c");
}

TEST_F(ConversationTest, AFailureAtEveryTokenChangesNothing) {
    for (int64_t calls = 0; calls < 6; ++calls) {
        KeepingEngine engine("answer", 400);
        Conversation talk(engine, *tokenizer_, chat_, ContextPolicy::shift);
        talk.say("hi", {}, go_on);
        engine.calls_left = calls;
        error_of(ErrorCode::device, [&] { talk.say("more", {}, go_on); });
        EXPECT_EQ(talk.messages().size(), 2U);
        int64_t heard = 0;
        const auto broken = [&](const std::string&) -> bool {
            if (heard++ == calls) throw std::runtime_error("the listener is gone");
            return true;
        };
        EXPECT_THROW(talk.say("more", {}, broken), std::runtime_error);
        EXPECT_EQ(talk.messages().size(), 2U);
        EXPECT_EQ(talk.say("now", {}, go_on).answer.text, "answer");
        EXPECT_EQ(text_of(engine.prompt), "[u:hi<end>][a:answer<end>][u:now<end>][a:");
    }
}

TEST_F(ConversationTest, SystemAndReset) {
    KeepingEngine engine("ok", 50);
    Conversation talk(engine, *tokenizer_, chat_, ContextPolicy::shift);
    talk.say("one", {}, go_on);
    talk.say("two", {}, go_on);
    EXPECT_GT(talk.say("three", {}, go_on).dropped_turns, 0);
    talk.set_system("S");
    talk.say("four", {}, go_on);
    EXPECT_TRUE(text_of(engine.prompt).starts_with("[s:S<end>][u:")) << text_of(engine.prompt);
    EXPECT_EQ(text_of(engine.prompt).find("one"), std::string::npos);
    talk.set_system("T");
    EXPECT_EQ(talk.messages().front().content, "T");
    talk.reset();
    ASSERT_EQ(talk.messages().size(), 1U);
    talk.say("five", {}, go_on);
    EXPECT_EQ(text_of(engine.prompt), "[s:T<end>][u:five<end>][a:");
    talk.set_system("");
    talk.reset();
    EXPECT_TRUE(talk.messages().empty());
    talk.say("six", {}, go_on);
    EXPECT_EQ(text_of(engine.prompt), "[u:six<end>][a:");
}

TEST_F(ConversationTest, ThoughtsStayOutOfTheNextTurn) {
    KeepingEngine engine("<think>hm</think>Yes.", 200);
    const ChatTemplate chat(
        "{% for m in messages %}[{{ m.role }}:{{ m.content }}]{% endfor %}</think>{{ mood }}", "", "");
    Conversation conversation(engine, *tokenizer_, chat, ContextPolicy::error);
    AnswerOptions options;
    options.template_arguments = {{"mood", "calm"}};
    const auto first = conversation.say("a", options, go_on);
    EXPECT_EQ(first.answer.text, "Yes.");
    EXPECT_EQ(first.answer.thinking, "hm");
    EXPECT_EQ(conversation.messages().back().content, "Yes.");
    EXPECT_EQ(conversation.messages().back().thinking, "hm");
    conversation.say("b", options, go_on);
    EXPECT_EQ(text_of(engine.prompt), "[user:a][assistant:Yes.][user:b]</think>calm");
}

}  // namespace
}  // namespace ovenbird
