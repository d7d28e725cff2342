// Layers one after the other say what the whole decoder says, whatever the lengths of the sequences.

#include "eval/streamed_logits.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <random>

#include "bake/graph/decoder.hpp"
#include "base/error.hpp"
#include "base/test_folder.hpp"
#include "device/cpu_reference.hpp"
#include "eval/measure_text.hpp"

namespace ovenbird {
namespace {

namespace fs = std::filesystem;

SourceTensors tensors_of(const fs::path& folder) {
    auto source = open_source(folder);
    BakeOptions options;
    options.source = folder;
    options.bits = 16;
    options.rotate = "off";
    options.context = 0;
    options.seq_len = 1;
    BakePlan plan = source->plan(options);
    return {std::move(source), std::move(plan)};
}

// The whole decoder over the same values in f32.
std::shared_ptr<ov::Model> whole_decoder(const SourceTensors& source) {
    StoredTensors tensors;
    for (const auto& required : required_tensors(source.config())) {
        const auto values =
            std::make_shared<std::vector<float>>(static_cast<size_t>(required.rows * required.columns));
        source.read(required.name, values->data());
        tensors[required.name] = {
            required.name, Store::f32,       {},
            required.rows, required.columns, reinterpret_cast<const std::byte*>(values->data()),
            nullptr,       nullptr,          values};
    }
    return build_decoder(source.config(), tensors);
}

std::vector<Sequence> random_sequences(const std::vector<size_t>& lengths, int64_t vocab_size) {
    std::mt19937_64 random(7);
    std::vector<Sequence> sequences;
    for (const size_t length : lengths) {
        auto& sequence = sequences.emplace_back(length);
        for (auto& id : sequence)
            id = static_cast<int64_t>(random() % static_cast<uint64_t>(vocab_size));
    }
    return sequences;
}

class Streamed : public testing::TestWithParam<const char*> {
protected:
    fs::path source_ = fs::path(OVENBIRD_TESTDATA) / "tiny" / GetParam();
    SilentReporter reporter_;

    // The largest difference of a logit, over the largest logit.
    double difference(SourceLogits& streamed, size_t first, const std::vector<Sequence>& sequences) {
        CpuReference whole(whole_decoder(tensors_of(source_)), source_ / "none.xml");
        const LogitRows rows = streamed.rows();
        double largest = 0;
        double apart = 0;
        for (size_t i = 0; i < sequences.size(); ++i) {
            whole.run(sequences[i], sequences[i].size());
            const float* expected = whole.output("logits").data<float>();
            const auto visit = [&](int64_t, std::span<const float> got) {
                for (const float value : got) {
                    largest = std::max(largest, static_cast<double>(std::fabs(*expected)));
                    apart = std::max(apart, static_cast<double>(std::fabs(value - *expected)));
                    ++expected;
                }
            };
            each_rows(rows, first + i, 0, static_cast<int64_t>(sequences[i].size()), visit);
        }
        return apart / largest;
    }
};

TEST_P(Streamed, SaysWhatTheWholeDecoderSays) {
    const auto streamed = stream_checkpoint(tensors_of(source_));
    // More rows than a call takes, more than one call of logits, and a last call that is not full.
    const auto text = random_sequences({64, 64, 3, 64, 1, 31, 300, 17, 64, 40}, streamed->vocab_size());
    EXPECT_EQ(streamed->run(text, reporter_), 0U);
    EXPECT_LT(difference(*streamed, 0, text), 1e-4);
    EXPECT_EQ(streamed->run({}, reporter_), text.size());
    const auto more = random_sequences({1, 12}, streamed->vocab_size());
    EXPECT_EQ(streamed->run(more, reporter_), text.size());
    EXPECT_LT(difference(*streamed, text.size(), more), 1e-4);
    EXPECT_LT(difference(*streamed, 0, text), 1e-4);
}

// One of these lengths is the number of heads.
TEST_P(Streamed, LengthsOfAFewTokens) {
    const auto streamed = stream_checkpoint(tensors_of(source_));
    const auto sequences = random_sequences({1, 3, 4}, streamed->vocab_size());
    for (const auto& sequence : sequences) {
        const size_t first = streamed->run({sequence}, reporter_);
        EXPECT_LT(difference(*streamed, first, {sequence}), 1e-4) << sequence.size();
    }
}

INSTANTIATE_TEST_SUITE_P(Families, Streamed,
                         testing::Values("llama_even_llama3_head_dim", "llama_odd_biases",
                                         "mistral_even_window", "qwen2_odd_tied", "qwen3_even_window_biases",
                                         "granite_even_tied", "granitemoehybrid_odd_nope",
                                         "smollm3_even_yarn", "smollm3_odd_list_window"));

TEST(StreamedSource, ATokenThatItDoesNotKnowIsRefused) {
    const auto streamed =
        stream_checkpoint(tensors_of(fs::path(OVENBIRD_TESTDATA) / "tiny" / "llama_odd_biases"));
    SilentReporter reporter;
    const auto text = error_of(ErrorCode::unsupported, [&] {
        streamed->run({{0, streamed->vocab_size()}}, reporter);
    });
    EXPECT_NE(text.find("same vocabulary"), std::string::npos) << text;
}

}  // namespace
}  // namespace ovenbird
