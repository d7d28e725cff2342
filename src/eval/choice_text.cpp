// From a file of questions to the tokens of their choices.
#include <algorithm>
#include <array>

#include "base/error.hpp"
#include "base/json.hpp"
#include "eval/choices.hpp"

namespace ovenbird {
namespace {

// What Python's str.rstrip() takes away, in UTF-8.
constexpr std::array<std::string_view, 29> kWhiteSpace{
    "\t",           "\n",           "\v",           "\f",           "\r",
    "\x1c",         "\x1d",         "\x1e",         "\x1f",         " ",
    "\xc2\x85",     "\xc2\xa0",     "\xe1\x9a\x80", "\xe2\x80\x80", "\xe2\x80\x81",
    "\xe2\x80\x82", "\xe2\x80\x83", "\xe2\x80\x84", "\xe2\x80\x85", "\xe2\x80\x86",
    "\xe2\x80\x87", "\xe2\x80\x88", "\xe2\x80\x89", "\xe2\x80\x8a", "\xe2\x80\xa8",
    "\xe2\x80\xa9", "\xe2\x80\xaf", "\xe2\x81\x9f", "\xe3\x80\x80"};

size_t length_without_trailing_space(std::string_view text) {
    const auto ends_in_space = [&] {
        return std::find_if(kWhiteSpace.begin(), kWhiteSpace.end(),
                            [&](std::string_view space) { return text.ends_with(space); });
    };
    for (auto space = ends_in_space(); space != kWhiteSpace.end(); space = ends_in_space())
        text.remove_suffix(space->size());
    return text.size();
}

Sequence encoded(const Tokenizer& tokenizer, const std::string& text) {
    const auto bos = tokenizer.bos_token();
    // A text that brings its BOS along gets no second one.
    const bool has_bos = bos && !bos->empty() && text.starts_with(*bos);
    return tokenizer.encode(text, !has_bos);
}

// Stands for a context without text.
int64_t prefix_token(const Tokenizer& tokenizer) {
    for (const auto& token : {tokenizer.bos_token(), tokenizer.eos_token()}) {
        if (!token) continue;
        if (const auto id = tokenizer.token_to_id(*token)) return *id;
    }
    fail(ErrorCode::invalid_input,
         "an empty context needs a BOS or EOS token, and the tokenizer has neither; give each question a "
         "context");
}

ChoiceQuestion question_of(const JsonObject& line) {
    const auto wrong = [&](const std::string& what) {
        fail(ErrorCode::invalid_input, "{}: {}", line.origin(), what);
    };
    if (line.has("context") == line.has("question")) wrong("wants either a context or a question");
    ChoiceQuestion question;
    question.context = line.text(line.has("context") ? "context" : "question");
    for (const auto& choice : line.array("choices")) {
        if (!choice.is_string() || choice.get_ref<const std::string&>().empty())
            wrong("'choices' wants texts, none of them empty");
        question.choices.push_back(choice.get<std::string>());
    }
    if (question.choices.size() < 2) wrong("'choices' wants two or more");
    question.answer =
        static_cast<size_t>(line.integer_in("answer", 0, static_cast<int64_t>(question.choices.size()) - 1));
    return question;
}

}  // namespace

std::vector<ChoiceQuestion> parse_choices(std::string_view text, const std::string& origin) {
    std::vector<ChoiceQuestion> questions;
    text = without_byte_order_mark(text);
    for (size_t number = 1; !text.empty(); ++number) {
        const std::string_view line = text.substr(0, text.find('\n'));
        text.remove_prefix(std::min(text.size(), line.size() + 1));
        if (line.find_first_not_of(" \t\r") == std::string_view::npos) continue;
        const std::string place = fmt::format("{}: line {}", origin, number);
        const Json json = parse_json(line, place);
        questions.push_back(question_of(JsonObject(json, place)));
    }
    if (questions.empty())
        fail(ErrorCode::invalid_input,
             "{}: has no questions; each line is {{\"context\": …, \"choices\": [\"…\", \"…\"], \"answer\": "
             "0}}",
             origin);
    return questions;
}

ContinuationTokens encode_continuation(const Tokenizer& tokenizer, std::string context,
                                       std::string continuation, int64_t most_tokens) {
    Sequence alone;  // the context's tokens
    Sequence whole;
    if (context.empty()) {
        alone = {prefix_token(tokenizer)};
        whole = tokenizer.encode(continuation, false);
        if (whole.empty() || whole.front() != alone.front()) whole.insert(whole.begin(), alone.front());
    } else {
        const size_t length = length_without_trailing_space(context);
        continuation.insert(0, context.substr(length));
        context.resize(length);
        alone = encoded(tokenizer, context);
        whole = encoded(tokenizer, context + continuation);
    }
    if (whole.size() <= alone.size())
        fail(ErrorCode::invalid_input, "the choice '{}' adds no tokens to its context", continuation);
    ContinuationTokens tokens;
    tokens.targets.assign(whole.begin() + static_cast<std::ptrdiff_t>(alone.size()), whole.end());
    const auto most = static_cast<size_t>(most_tokens);
    if (tokens.targets.size() > most)
        fail(ErrorCode::invalid_input, "the choice '{}' has {} tokens and the model takes {}", continuation,
             tokens.targets.size(), most);
    Sequence& input = tokens.input;
    input = std::move(alone);
    input.insert(input.end(), tokens.targets.begin(), tokens.targets.end() - 1);
    tokens.cut = input.size() > most;
    if (tokens.cut) input.erase(input.begin(), input.end() - static_cast<std::ptrdiff_t>(most));
    if (input.size() < tokens.targets.size())
        fail(ErrorCode::invalid_input, "the context of the choice '{}' has no tokens", continuation);
    return tokens;
}

ChoiceTokens encode_choices(const Tokenizer& tokenizer, const std::vector<ChoiceQuestion>& questions,
                            const std::string& delimiter, int64_t most_tokens) {
    ChoiceTokens tokens;
    for (size_t i = 0; i < questions.size(); ++i) {
        for (const auto& choice : questions[i].choices) {
            try {
                tokens.continuations.push_back(
                    encode_continuation(tokenizer, questions[i].context, delimiter + choice, most_tokens));
            } catch (const Error& error) {
                fail(error.code(), "question {}: {}", i + 1, error.what());
            }
            tokens.cut += tokens.continuations.back().cut ? 1 : 0;
        }
    }
    return tokens;
}

}  // namespace ovenbird
