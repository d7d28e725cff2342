#include "cmd/options.hpp"

#include <gtest/gtest.h>

#include "base/test_folder.hpp"

namespace ovenbird {
namespace {

using Words = std::vector<std::string>;

// argv as main() has it, the command's own name first.
class Arguments {
public:
    explicit Arguments(Words words) : words_(std::move(words)) {
        words_.insert(words_.begin(), "bake");
        for (auto& word : words_)
            pointers_.push_back(word.data());
    }
    int count() const { return static_cast<int>(pointers_.size()); }
    char** values() { return pointers_.data(); }

private:
    Words words_;
    std::vector<char*> pointers_;
};

Words normalised(Words words) {
    Arguments arguments(std::move(words));
    return normalised_arguments(arguments.count(), arguments.values());
}

TEST(NormalisedArguments, OnlyTheNamesOfLongOptionsChange) {
    EXPECT_EQ(normalised({"--group_size", "64"}), (Words{"--group-size", "64"}));
    EXPECT_EQ(normalised({"--model_id=my_model_v2"}), (Words{"--model-id=my_model_v2"}));
    EXPECT_EQ(normalised({"my_model", "-o", "out_dir", "-a_b"}),
              (Words{"my_model", "-o", "out_dir", "-a_b"}));
    EXPECT_EQ(normalised({"--raw", "--", "--not_an_option", "a_b"}),
              (Words{"--raw", "--", "--not_an_option", "a_b"}));
    EXPECT_EQ(normalised({}), Words{});
}

class ParseTest : public testing::Test {
protected:
    ParseTest() {
        app_.add_option("source,--model-id", source_);
        app_.add_option("-o,--output-dir", output_, "The folder to make");
        app_.add_option("--group-size", group_size_);
    }
    bool parse(Words words) {
        Arguments arguments(std::move(words));
        return parse_command(app_, arguments.count(), arguments.values());
    }
    CLI::App app_{"Bake", "ovenbird bake"};
    std::string source_;
    std::string output_;
    int group_size_ = 128;
};

TEST_F(ParseTest, BothSpellingsOfEveryOptionAreOne) {
    EXPECT_TRUE(parse({"my_model", "-o", "out_dir", "--group_size", "-1"}));
    EXPECT_EQ(source_, "my_model");
    EXPECT_EQ(output_, "out_dir");
    EXPECT_EQ(group_size_, -1);
}

TEST_F(ParseTest, NamedInsteadOfPlaced) {
    EXPECT_TRUE(parse({"--output_dir=out_dir", "--model_id", "my_model", "--group-size=64"}));
    EXPECT_EQ(source_, "my_model");
    EXPECT_EQ(output_, "out_dir");
    EXPECT_EQ(group_size_, 64);
}

TEST_F(ParseTest, WhatIsWrongIsAUsageErrorWithAHint) {
    for (const Words& words :
         {Words{"--no-such-option"}, Words{"--group-size", "many"}, Words{"--group-size"}, Words{"a", "b"}}) {
        const auto text = error_of(ErrorCode::usage, [&] { parse(words); });
        EXPECT_NE(text.find("; see ovenbird bake --help"), std::string::npos) << text;
    }
}

TEST_F(ParseTest, HelpIsPrintedAndEndsTheCommand) {
    for (const char* word : {"-h", "--help"}) {
        testing::internal::CaptureStdout();
        const bool goes_on = parse({word});
        const auto text = testing::internal::GetCapturedStdout();
        EXPECT_FALSE(goes_on);
        EXPECT_NE(text.find("The folder to make"), std::string::npos) << text;
    }
}

}  // namespace
}  // namespace ovenbird
